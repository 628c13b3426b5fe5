//! Names of real code: this test binary, C++, the vdso and the kernel; stripped, deleted and damaged files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSymbol};

use super::{Functions, Symbolizer, of_file, of_kernel, symbolize, vdso};
use crate::cpu::event::{RawSample, Registers};
use crate::cpu::options::Target;
use crate::cpu::unwind::{Frame, Unwinder};
use crate::profile::{Builder, Location, Mapping, Profile};

/// C++ with what makes names long: templates of templates, lambdas, a functor that is inlined, a static function that
/// only the symbol table and DWARF know.
const PROGRAM: &str = r#"
#include <cstdio>
#include <map>
#include <string>
#include <vector>
template <typename T> struct metric_gt {
    T operator()(T const* a, T const* b, unsigned n) const {
        T sum = 0;
        for (unsigned i = 0; i != n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
};
template <typename M, typename A> struct index_gt {
    M metric;
    __attribute__((noinline)) float search(A const& vectors, float const* query) {
        float best = 1e30f;
        for (auto const& pair : vectors)
            for (auto const& vector : pair.second) {
                float d = metric(vector.data(), query, (unsigned)vector.size());
                if (d < best) best = d;
            }
        return best;
    }
};
static __attribute__((noinline)) float only_here(float x) { return x * 3 + 1; }
int main(int argc, char**) {
    std::map<std::string, std::vector<std::vector<float>>> vectors;
    vectors["a"] = {{1, 2, 3}, {4, 5, (float)argc}};
    float query[] = {1, 1, 1};
    index_gt<metric_gt<float>, decltype(vectors)> index;
    std::printf("%f\n", only_here(index.search(vectors, query)));
}
"#;

/// The program, compiled; `None`, and said so, where there is no compiler.
fn compiled(folder: &Path, flags: &[&str]) -> Option<PathBuf> {
    let (source, binary) = (folder.join("program.cc"), folder.join("program"));
    fs::write(&source, PROGRAM).unwrap();
    let mut compiler = Command::new("c++");
    compiler.args(flags).arg("-Wl,--build-id").arg("-o");
    run(compiler.arg(&binary).arg(&source)).then_some(binary)
}

fn run(command: &mut Command) -> bool {
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{command:?}: {output:?}");
            true
        }
        Err(error) => {
            eprintln!("SKIPPED: {:?}: {error}", command.get_program());
            false
        }
    }
}

/// (name, address, size) of each function in a file's symbol table, by address.
fn functions_of(path: &Path) -> Vec<(String, u64, u64)> {
    let bytes = fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut functions: Vec<_> = file
        .symbols()
        .filter(|symbol| symbol.kind() == object::SymbolKind::Text && symbol.size() > 0)
        .map(|symbol| {
            (
                symbol.name().unwrap().to_owned(),
                symbol.address(),
                symbol.size(),
            )
        })
        .collect();
    functions.sort_by_key(|function| function.1);
    functions
}

/// An address in every sixteen bytes of every function of a file.
fn addresses_of(path: &Path) -> Vec<u64> {
    let each = |(_, start, size): (String, u64, u64)| (start..start + size).step_by(16);
    let all: std::collections::BTreeSet<u64> =
        functions_of(path).into_iter().flat_map(each).collect();
    Vec::from_iter(all)
}

fn names(functions: &Functions) -> Vec<&str> {
    functions.iter().map(|function| &*function.name).collect()
}

#[inline(never)]
fn a_function_of_this_binary(value: u64) -> u64 {
    std::hint::black_box(value) + 1
}

#[test]
fn a_function_of_this_binary_has_its_path_and_place() {
    std::hint::black_box(a_function_of_this_binary(1));
    let path = std::env::current_exe().unwrap();
    let (_, address, _) = functions_of(&path)
        .into_iter()
        // Not this test, whose name holds the function's.
        .find(|(name, _, _)| {
            name.contains("a_function_of_this_binary") && !name.contains("has_its_path")
        })
        .unwrap();
    let functions = of_file(&File::open(path).unwrap(), &[address]);
    let last = functions[0].last().unwrap();
    assert_eq!(
        last.name,
        "vecperf::cpu::symbol::tests::a_function_of_this_binary"
    );
    assert!(last.file.ends_with("src/cpu/symbol/tests.rs"), "{last:?}");
    assert!(last.line > 0);
}

#[test]
fn frames_of_several_modules_have_each_their_own_name() {
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut code = |function: *const ()| {
        let sample = RawSample {
            thread: 1,
            at_ns: crate::clock::monotonic_nanos(),
            weight_ns: 1,
            registers: Some(Registers {
                instruction: function as u64,
                ..Registers::default()
            }),
            stack: &[],
            kernel: &[],
        };
        let mut frames = Vec::new();
        unwinder.unwind(&sample, &mut frames);
        frames[0]
    };
    let here = code(a_function_of_this_binary as *const ());
    let library = code(libc::getpid as *const ());
    let frames = [here, Frame::Kernel(1), library, Frame::Unknown(1), here];
    let mut symbolizer = Symbolizer::default();
    for _ in ["read", "remembered"] {
        let functions = symbolizer.functions(unwinder.modules(), &frames);
        let last = |at: usize| functions[at].last().map_or("", |function| &function.name);
        assert!(
            last(0).ends_with("a_function_of_this_binary"),
            "{functions:?}"
        );
        assert_eq!(last(1), "[kernel]");
        assert!(last(2).contains("getpid"), "{functions:?}");
        assert_eq!((last(3), last(4)), ("", last(0)));
    }
}

#[test]
fn a_deleted_file_still_has_names() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = compiled(folder.path(), &["-g1"]) else {
        return;
    };
    let addresses = addresses_of(&path);
    let file = File::open(&path).unwrap();
    let before = of_file(&file, &addresses);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another file by now").unwrap();
    assert_eq!(of_file(&file, &addresses), before);
    assert!(before.iter().all(|functions| !functions.is_empty()));
}

#[test]
fn a_template_is_named_in_full_and_short_and_its_inlined_functor_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = compiled(folder.path(), &["-O2", "-g1"]) else {
        return;
    };
    let all = of_file(&File::open(&path).unwrap(), &addresses_of(&path));
    let functor = |functions: &&Functions| {
        let inner = functions.first().map_or("", |inner| &inner.name);
        functions.len() > 1 && inner.starts_with("metric_gt<float>::operator()")
    };
    let functions = all
        .iter()
        .find(functor)
        .unwrap_or_else(|| panic!("{all:#?}"));
    assert!(
        functions[0].file.ends_with("program.cc") && functions[0].line > 0,
        "{functions:?}"
    );
    let outer = functions.last().unwrap();
    assert!(
        outer
            .name
            .starts_with("index_gt<metric_gt<…>, std::map<…>>::search("),
        "{outer:?}"
    );
    assert!(
        outer
            .system_name
            .starts_with("index_gt<metric_gt<float>, std::map<std::"),
        "{outer:?}"
    );
}

#[test]
fn a_stripped_program_names_what_it_exports_and_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = compiled(folder.path(), &["-O1", "-rdynamic"]) else {
        return;
    };
    let functions = functions_of(&path);
    let address = |wanted: &str| {
        functions
            .iter()
            .find(|(name, _, _)| name.contains(wanted))
            .unwrap()
            .1
    };
    let addresses = [address("only_here"), address("main")];
    if !run(Command::new("strip").arg(&path)) {
        return;
    }
    let named = of_file(&File::open(&path).unwrap(), &addresses);
    assert_eq!(
        named.iter().map(names).collect::<Vec<_>>(),
        [vec![], vec!["main"]]
    );
}

/// A profile with a location at each of the addresses of a file that was mapped at `base`.
fn profile_of(path: &Path, addresses: &[u64], base: u64) -> Profile {
    let bytes = fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut builder = Builder::cpu(1);
    let text = file.segments().find(super::restore::is_code).unwrap();
    let (address, (offset, size)) = {
        use object::ObjectSegment;
        (text.address(), text.file_range())
    };
    let start = base + (address & !0xfff);
    let mapping = builder.mapping(Mapping {
        start,
        end: base + address + size,
        file_offset: offset & !0xfff,
        file: path.display().to_string(),
        build_id: super::hex(file.build_id().unwrap().unwrap()),
        has_functions: false,
    });
    for address in addresses {
        let location = builder.location(Location {
            mapping: Some(mapping),
            address: base + address,
            lines: vec![],
        });
        builder.sample(vec![location], vec![1, 1], vec![]);
    }
    builder.finish()
}

#[test]
fn the_unstripped_twin_restores_the_names() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = compiled(folder.path(), &["-O1", "-g"]) else {
        return;
    };
    let at = |name: &str| folder.path().join(name);
    let (stripped, debug) = (at("stripped"), at("debug"));
    let strip = |flag: &str, out: &Path| {
        run(Command::new("strip")
            .arg(flag)
            .arg("-o")
            .arg(out)
            .arg(&path))
    };
    if !strip("--strip-all", &stripped) || !strip("--only-keep-debug", &debug) {
        return;
    }
    let addresses = addresses_of(&path);
    let truth = of_file(&File::open(&path).unwrap(), &addresses);
    for twin in [&path, &debug] {
        let mut profile = profile_of(&stripped, &addresses, 0x7f00_0000_0000);
        let restored = symbolize(&mut profile, twin).unwrap();
        assert_eq!(profile.check(), Ok(()));
        assert!(
            restored * 100 >= addresses.len() * 99,
            "{restored} of {}",
            addresses.len()
        );
        assert!(profile.mappings[0].has_functions);
        for (location, truth) in profile.locations.iter().zip(&truth) {
            let name =
                |line: &crate::profile::Line| &*profile.functions[line.function as usize].name;
            assert_eq!(
                location.lines.iter().map(name).collect::<Vec<_>>(),
                names(truth)
            );
        }
    }
    // The stripped one itself has only what it exports; another program is refused, and says why.
    let mut profile = profile_of(&stripped, &addresses, 0);
    assert!(symbolize(&mut profile, &stripped).unwrap() < addresses.len() / 10);
    let other = std::env::current_exe().unwrap();
    let refused = symbolize(&mut profile, &other).unwrap_err().to_string();
    assert!(
        refused.contains("build id") && refused.contains("stripped"),
        "{refused}"
    );
    let missing = symbolize(&mut profile, &at("missing"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("missing"), "{missing}");
}

#[test]
fn a_damaged_file_names_what_it_can_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let Some(path) = compiled(folder.path(), &["-O1", "-g"]) else {
        return;
    };
    let addresses: Vec<u64> = addresses_of(&path).into_iter().step_by(10).collect();
    let mut bytes = fs::read(&path).unwrap();
    let damaged = folder.path().join("damaged");
    let survives = |bytes: &[u8]| {
        fs::write(&damaged, bytes).unwrap();
        let named = of_file(&File::open(&damaged).unwrap(), &addresses);
        assert_eq!(named.len(), addresses.len());
    };
    let step = bytes.len() / 40;
    for at in (0..bytes.len()).step_by(step) {
        survives(&bytes[..at]);
        let was = std::mem::replace(&mut bytes[at], 0xff);
        survives(&bytes);
        bytes[at] = was;
    }
}

#[test]
fn the_vdso_names_its_functions() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let Some(line) = maps.lines().find(|line| line.ends_with("[vdso]")) else {
        eprintln!("SKIPPED: this kernel maps no vdso");
        return;
    };
    let bounds = line.split_once(' ').unwrap().0.split_once('-').unwrap();
    let [start, end] = [bounds.0, bounds.1].map(|hex| u64::from_str_radix(hex, 16).unwrap());
    use std::os::unix::fs::FileExt;
    let mut image = vec![0; (end - start) as usize];
    File::open("/proc/self/mem")
        .unwrap()
        .read_exact_at(&mut image, start)
        .unwrap();
    let file = object::File::parse(&*image).unwrap();
    let clock = file
        .dynamic_symbols()
        .find(|symbol| {
            symbol
                .name()
                .is_ok_and(|name| name.ends_with("clock_gettime"))
        })
        .unwrap();
    let functions = vdso::functions(&image, &[clock.address() + 1, 0, u64::MAX]);
    assert!(
        names(&functions[0])[0].ends_with("clock_gettime"),
        "{functions:?}"
    );
    assert_eq!(functions[1..], [vec![], vec![]]);
    assert_eq!(vdso::functions(b"no ELF", &[1]), [vec![]]);
}

#[test]
fn kernel_frames_have_a_name_whatever_the_kernel_tells() {
    let table = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let open = table
        .lines()
        .find(|line| line.ends_with(" T do_sys_openat2") || line.ends_with(" t do_sys_openat2"));
    let address = open
        .and_then(|line| u64::from_str_radix(&line[..16], 16).ok())
        .unwrap_or(0);
    let functions = of_kernel(&[address.max(1) + 4]);
    match address {
        0 => assert_eq!(names(&functions[0]), ["[kernel]"]),
        _ => assert_eq!(names(&functions[0]), ["do_sys_openat2"]),
    }
    assert_eq!(names(&of_kernel(&[1])[0]), ["[kernel]"]);
}
