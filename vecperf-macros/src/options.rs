//! The words of the attribute: `#[measure("search")]`, `#[measure(name = "search", result)]`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{LitBool, LitStr, Token};

use crate::problems::Problems;

/// vecperf cuts a longer name.
const LONGEST_NAME: usize = 255;

/// What the attribute says.
#[derive(Default)]
pub(crate) struct Options {
    /// The operation's name.
    pub(crate) name: Option<LitStr>,
    /// Whether `Err` counts as an error, and where that is said.
    pub(crate) result: Option<(Ident, bool)>,
}

impl Options {
    /// Reads all options; one that is wrong does not keep the next from being looked at.
    pub(crate) fn read(attribute: TokenStream, problems: &mut Problems) -> Self {
        let mut options = Self::default();
        let all = |input: ParseStream<'_>| options.read_all(input, problems);
        if let Err(problem) = all.parse2(attribute) {
            problems.push(problem);
        }
        options
    }

    fn read_all(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<()> {
        while !input.is_empty() {
            let read = self.read_one(input, problems);
            let ended = read.and_then(|()| match input.is_empty() || input.peek(Token![,]) {
                true => Ok(()),
                false => Err(input.error("expected `,` before the next option")),
            });
            if let Err(problem) = ended {
                problems.push(problem);
            }
            skip_to_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    }

    fn read_one(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<()> {
        if input.peek(LitStr) {
            self.set_name(input.parse()?, problems);
            return Ok(());
        }
        let word = Ident::parse_any(input).map_err(|error| {
            syn::Error::new(error.span(), format!("expected an option: {ALLOWED}"))
        })?;
        if word == "name" {
            let value = input.parse::<Token![=]>().and_then(|_| input.parse());
            let value = value.map_err(|_| syn::Error::new(word.span(), NAMED))?;
            self.set_name(value, problems);
        } else if word == "result" {
            let told = match input.parse::<Option<Token![=]>>()? {
                Some(_) => input.parse::<LitBool>()?.value,
                None => true,
            };
            if self.result.is_some() {
                problems.at(&word, "`result` is given twice");
            }
            self.result = Some((word, told));
        } else {
            problems.at(&word, format!("there is no option `{word}`; {ALLOWED}"));
            skip_to_comma(input)?;
        }
        Ok(())
    }

    fn set_name(&mut self, name: LitStr, problems: &mut Problems) {
        let text = name.value();
        if text.is_empty() {
            problems.at(&name, "an operation needs a name");
        } else if text.chars().any(char::is_control) {
            problems.at(
                &name,
                "an operation's name is one line without control characters",
            );
        } else if text.len() > LONGEST_NAME {
            problems.at(
                &name,
                format!("an operation's name has at most {LONGEST_NAME} bytes"),
            );
        }
        if self.name.is_some() {
            problems.at(&name, "the name is given twice");
        }
        self.name = Some(name);
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

const NAMED: &str = "the name is a string: `name = \"search\"`";

const ALLOWED: &str = "allowed are the operation's name in quotes (or `name = \"…\"`) and `result` (or `result = false`)";
