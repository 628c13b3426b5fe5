//! What the attribute stands on: a function, its body left unread.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{AttrStyle, Attribute, Signature, Token, Visibility};

use crate::options::Options;
use crate::problems::Problems;
use crate::returned::Returned;

/// A function in any place. The body is not parsed: it is none of our business, and so costs no compile time.
pub(crate) struct Function {
    /// With those inside the body, `#![…]`, which apply to the same.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// `{ … }`; `None` for `;`.
    pub(crate) body: Option<Group>,
}

impl Function {
    /// Reads a function; anything else is a problem.
    pub(crate) fn read(item: TokenStream, problems: &mut Problems) -> Option<Self> {
        let says = |keyword| {
            let mut tokens = item.clone().into_iter();
            tokens.any(|token| matches!(token, TokenTree::Ident(word) if word == keyword))
        };
        if !says("fn") {
            let remedy = match says("impl") || says("trait") {
                true => "put it on each method to be timed",
                false => "there is nothing to time here",
            };
            problems.at(item, format!("`#[measure]` times a function: {remedy}"));
            return None;
        }
        syn::parse2(item)
            .map_err(|problem| problems.push(problem))
            .ok()
    }

    /// Finds what cannot be measured.
    pub(crate) fn check(&self, options: &Options, problems: &mut Problems) {
        let signature = &self.signature;
        if let Some(constant) = &signature.constness {
            problems.at(
                constant,
                "a `const fn` cannot read the clock; measure its caller",
            );
        }
        if self.body.is_none() {
            problems.at(
                signature,
                "there is no body to time; put `#[measure]` on the methods that implement this one",
            );
        }
        let returned = Returned::of(signature);
        if let (Some((word, true)), Returned::Nothing) = (&options.result, &returned) {
            problems.at(word, "this function returns nothing that could be an `Err`");
        }
        let remedy = match returned.is_future() {
            true => "remove it",
            false => "remove it, or say `#[measure(result = false)]`",
        };
        let in_closure = returned.is_future() || returned.is_inspected(options);
        let mut attributes = self.attributes.iter();
        let tracked = attributes.find(|attribute| attribute.path().is_ident("track_caller"));
        if let (Some(tracked), true, None) = (tracked, in_closure, &signature.asyncness) {
            problems.at(
                tracked,
                format!(
                    "`#[track_caller]` would name this place, not the caller, in a body whose outcome `#[measure]` \
                     inspects; {remedy}"
                ),
            );
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let body = match input.parse::<Option<Token![;]>>()? {
            Some(_) => None,
            None => {
                let within;
                let braces = syn::braced!(within in input);
                for mut inner in within.call(Attribute::parse_inner)? {
                    inner.style = AttrStyle::Outer;
                    attributes.push(inner);
                }
                let mut body = Group::new(Delimiter::Brace, within.parse()?);
                body.set_span(braces.span.join());
                Some(body)
            }
        };
        Ok(Self {
            attributes,
            visibility,
            signature,
            body,
        })
    }
}
