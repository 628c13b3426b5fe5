//! The function anew: its attributes, its signature, and around its body what measures it.

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::function::Function;
use crate::options::Options;
use crate::returned::{Returned, annotation};

/// Writes the function that measures itself.
pub(crate) fn expand(function: Function, options: &Options) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let Some(mut body) = body else {
        return TokenStream::new(); // Refused before.
    };
    let braces = body.span();
    // Ours now: else the compiler would find the user's braces needless, within ours.
    body.set_span(at(&braces));
    let name = match &options.name {
        Some(name) => name.to_token_stream(),
        None => signature.ident.unraw().to_string().into_token_stream(),
    };
    let returned = Returned::of(&signature);
    let inspected = returned.is_inspected(options);
    let site = site(&name);
    let measured = match (&returned, &signature.asyncness) {
        (Returned::Future { written, boxed, .. }, _) => future(
            &site,
            instrument(inspected, written),
            annotation(written),
            *boxed,
            &body,
        ),
        (Returned::Nothing, Some(_)) => {
            run(&site, instrument(false, &signature.ident), None, &body)
        }
        (Returned::Value(value), Some(_)) => run(
            &site,
            instrument(inspected, value),
            Some(annotation(value)),
            &body,
        ),
        (Returned::Value(value), None) if inspected => inspect(&site, value, &body),
        _ => time(&site, &body),
    };
    let mut block = Group::new(body.delimiter(), measured);
    block.set_span(braces);
    quote!(#(#attributes)* #visibility #signature #block)
}

/// The place that finds the operation. In a block of its own, because names of items are not hygienic.
fn site(name: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        {
            static SITE: ::vecperf::__private::CallSite = ::vecperf::__private::CallSite::new(#name);
            &SITE
        }
    }
}

/// Without a closure, so that it fits every signature: `-> !`, `-> impl Trait`, `#[track_caller]`.
fn time(site: &TokenStream, body: &Group) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let _timer = #site.start();
        #body
    }
}

/// In a closure, where `?` and `return` end up with their value in our hands. It is passed on, not called
/// in place: so it is `FnOnce`, and may return what it borrows from its arguments.
fn inspect(site: &TokenStream, value: &syn::Type, body: &Group) -> TokenStream {
    let annotation = annotation(value);
    // If the value is no `Result`, the return type is where to say so.
    let measure = quote_spanned!(at(value)=> measure_result);
    quote_spanned!(Span::mixed_site()=> #site.#measure(move || -> #annotation #body))
}

/// An `async fn`. A block cannot be annotated; a `return` that is never reached tells the compiler what it yields.
fn run(
    site: &TokenStream,
    instrument: TokenStream,
    value: Option<TokenStream>,
    body: &Group,
) -> TokenStream {
    let typed = value.map(|value| {
        quote_spanned! {Span::mixed_site()=>
            if let ::core::option::Option::Some(never) = ::core::option::Option::None::<#value> {
                return never;
            }
        }
    });
    quote_spanned! {Span::mixed_site()=>
        #site.#instrument(async move { #typed #body }).await
    }
}

/// A function that returns a future for others to run.
fn future(
    site: &TokenStream,
    instrument: TokenStream,
    annotation: TokenStream,
    boxed: bool,
    body: &Group,
) -> TokenStream {
    let future = quote_spanned! {Span::mixed_site()=>
        #site.#instrument(::vecperf::__private::CallSite::call(move || -> #annotation #body))
    };
    match boxed {
        true => quote_spanned!(Span::mixed_site()=> ::std::boxed::Box::pin(#future)),
        false => future,
    }
}

fn instrument(inspected: bool, place: &impl Spanned) -> TokenStream {
    match inspected {
        true => quote_spanned!(at(place)=> instrument_result),
        false => quote_spanned!(at(place)=> instrument),
    }
}

fn at(place: &impl Spanned) -> Span {
    place.span().resolved_at(Span::mixed_site())
}
