//! `#[vecperf::measure]`: a function as an operation. Use it through `vecperf`, where it is documented.
//!
//! The way: `options` (the attribute's words) and `function` (what it stands on) are read, all complaints are
//! gathered in `problems`, then `expand` writes the function anew around its untouched body.

mod expand;
mod function;
mod options;
mod problems;
mod returned;

use proc_macro::TokenStream;
use quote::quote;

use function::Function;
use options::Options;
use problems::Problems;

/// Measures each call of a function; the whole story is at `vecperf::measure`.
#[proc_macro_attribute]
pub fn measure(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut problems = Problems::default();
    let options = Options::read(attribute.into(), &mut problems);
    let function = Function::read(item.clone().into(), &mut problems);
    if let Some(function) = &function {
        function.check(&options, &mut problems);
    }
    match (function, problems.into_compile_errors()) {
        (Some(function), None) => expand::expand(function, &options).into(),
        // The item stays, so that its users do not complain as well.
        (_, errors) => {
            let item = proc_macro2::TokenStream::from(item);
            quote!(#item #errors).into()
        }
    }
}
