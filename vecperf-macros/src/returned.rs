//! What a function returns, as far as its signature tells.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    AssocType, GenericArgument, Path, PathArguments, PathSegment, ReturnType, Signature, Type,
    TypeParamBound,
};

use crate::options::Options;

/// The return type, read for the way to measure it.
pub(crate) enum Returned<'a> {
    Nothing,
    Value(&'a Type),
    /// A future written as `impl Future`, or `boxed` as `Pin<Box<dyn Future>>`, and what it yields.
    Future {
        written: &'a Type,
        boxed: bool,
        output: Option<&'a Type>,
    },
}

impl<'a> Returned<'a> {
    pub(crate) fn of(signature: &'a Signature) -> Self {
        let ReturnType::Type(_, returned) = &signature.output else {
            return Self::Nothing;
        };
        let written = plain(returned);
        if signature.asyncness.is_some() {
            return Self::Value(written);
        }
        let future = |boxed, output| Self::Future {
            written,
            boxed,
            output,
        };
        if let Some(output) = output_of(written) {
            return future(false, output);
        }
        match last_segment(written) {
            Some(alias) if alias.ident == "BoxFuture" || alias.ident == "LocalBoxFuture" => {
                future(true, types_in(alias).last())
            }
            Some(pin) if pin.ident == "Pin" => {
                let inside = types_in(pin).next().and_then(last_segment);
                let inside = inside.filter(|pointer| pointer.ident == "Box");
                let output = inside
                    .and_then(|pointer| types_in(pointer).next())
                    .and_then(output_of);
                output.map_or(Self::Value(written), |output| future(true, output))
            }
            _ => Self::Value(written),
        }
    }

    /// Whether `Err` is told apart: as the options say, else when the type is called `Result`.
    pub(crate) fn is_inspected(&self, options: &Options) -> bool {
        let value = match self {
            Self::Nothing => None,
            Self::Value(value) => Some(*value),
            Self::Future { output, .. } => *output,
        };
        let is_result = || {
            value
                .and_then(last_segment)
                .is_some_and(|last| last.ident == "Result")
        };
        options
            .result
            .as_ref()
            .map_or_else(is_result, |(_, told)| *told)
    }

    /// Whether it is a future that the function does not itself run.
    pub(crate) fn is_future(&self) -> bool {
        matches!(self, Self::Future { .. })
    }
}

/// The type as it may stand in a body: what it holds of `impl Trait` and `!`, which may not, is left to inference.
pub(crate) fn annotation(returned: &Type) -> TokenStream {
    let mut path = match plain(returned) {
        Type::Never(_) => return quote!(_),
        other if !names_impl(other.to_token_stream()) => return other.to_token_stream(),
        Type::Path(path) => path.clone(),
        _ => return quote!(_),
    };
    let arguments = path
        .path
        .segments
        .last_mut()
        .map(|last| &mut last.arguments);
    if let Some(PathArguments::AngleBracketed(arguments)) = arguments {
        for argument in &mut arguments.args {
            if names_impl(argument.to_token_stream()) {
                *argument = GenericArgument::Type(syn::parse_quote!(_));
            }
        }
    }
    path.into_token_stream()
}

fn names_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => names_impl(group.stream()),
        _ => false,
    })
}

/// The type without parentheses and what `macro_rules!` puts around a `$type:ty`.
fn plain(written: &Type) -> &Type {
    match written {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

fn last_segment(written: &Type) -> Option<&PathSegment> {
    match plain(written) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &GenericArgument> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten()
}

fn types_in(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    arguments(segment).filter_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

/// For `impl Future<Output = T> + …` and `dyn Future<Output = T> + …`: `T`, if it is written.
fn output_of(written: &Type) -> Option<Option<&Type>> {
    let bounds = match plain(written) {
        Type::ImplTrait(opaque) => &opaque.bounds,
        Type::TraitObject(object) => &object.bounds,
        _ => return None,
    };
    let future = bounds
        .iter()
        .filter_map(trait_path)
        .find_map(|path| path.segments.last().filter(|last| last.ident == "Future"))?;
    Some(arguments(future).find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Output" => Some(ty),
        _ => None,
    }))
}

fn trait_path(bound: &TypeParamBound) -> Option<&Path> {
    match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    }
}
