//! The functions at addresses of an ELF file: the physical one by the symbol table, inlined ones by DWARF, also where
//! a debug link leads elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{CodeInfo, Input, Sym, Symbolized, Symbolizer};

use super::{Functions, Symbol};

/// The functions at each of the addresses, which are as the file numbers them (`p_vaddr`).
///
/// Each file has a `blazesym` of its own: what it has read is given back at once, and a panic over a corrupt file
/// leaves no half-made state behind for the next one.
pub(super) fn functions(path: &Path, addresses: &[u64]) -> Vec<Functions> {
    let symbolizer = Symbolizer::builder()
        .enable_auto_reload(false)
        .enable_code_info(true)
        .enable_inlined_fns(true)
        .build();
    let table = look_up(&symbolizer, path, false, addresses, physical);
    let dwarf = look_up(&symbolizer, path, true, addresses, inlined);
    table
        .into_iter()
        .zip(dwarf)
        .map(|(physical, inlined)| joined(physical, inlined))
        .collect()
}

/// What `take` makes of each address; nothing where nothing is known or the file is corrupt.
fn look_up<T: Clone + Default>(
    symbolizer: &Symbolizer,
    path: &Path,
    dwarf: bool,
    addresses: &[u64],
    take: fn(Sym<'_>) -> T,
) -> Vec<T> {
    let mut elf = Elf::new(path);
    elf.debug_syms = dwarf;
    let work = || symbolizer.symbolize(&Source::Elf(elf), Input::VirtOffset(addresses));
    // Not unwind safe, as it holds cells; after a panic it is not used for this table again, only for the other one.
    let found = catch_unwind(AssertUnwindSafe(work));
    let mut found = match found {
        Ok(Ok(found)) => found.into_iter(),
        Ok(Err(_)) | Err(_) => Vec::new().into_iter(),
    };
    let each = |_| match found.next() {
        Some(Symbolized::Sym(symbol)) => take(symbol),
        Some(Symbolized::Unknown(_)) | None => T::default(),
    };
    addresses.iter().map(each).collect()
}

/// A name of the symbol table, and whether the table says that the function reaches as far as the address.
#[derive(Clone, Default)]
struct Physical {
    name: String,
    sized: bool,
}

fn physical(symbol: Sym<'_>) -> Physical {
    Physical {
        sized: symbol.size.is_some(),
        // `$x` and `$d` mark code and data on Arm; they name nothing.
        name: match symbol.name.starts_with('$') {
            true => String::new(),
            false => symbol.name.into_owned(),
        },
    }
}

/// A function by DWARF: its name, file and line.
type Placed = (String, String, u32);

fn inlined(symbol: Sym<'_>) -> Vec<Placed> {
    let inner = symbol.inlined.iter().rev();
    inner
        .map(|inlined| placed(&inlined.name, inlined.code_info.as_ref()))
        .chain([placed(&symbol.name, symbol.code_info.as_deref())])
        .collect()
}

fn placed(name: &str, place: Option<&CodeInfo<'_>>) -> Placed {
    (
        name.to_owned(),
        place.map_or_else(String::new, |place| place.to_path().display().to_string()),
        place.and_then(|place| place.line).unwrap_or(0),
    )
}

/// Rust's and C++'s short DWARF (`line-tables-only`, `-g1`) has only base names (`search`, `operator()`), the symbol
/// table the whole path. So the physical function is named by the table, unless it only guesses.
fn joined(physical: Physical, mut functions: Vec<Placed>) -> Functions {
    if functions.is_empty() {
        functions.push(Placed::default());
    }
    if let Some((name, ..)) = functions.last_mut()
        && !physical.name.is_empty()
        && (physical.sized || name.is_empty())
    {
        *name = physical.name;
    }
    functions
        .into_iter()
        .filter(|(name, ..)| !name.is_empty())
        .map(|(name, file, line)| Symbol {
            file,
            line,
            ..Symbol::named(name)
        })
        .collect()
}
