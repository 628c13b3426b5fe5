//! Files that are broken: cut, or with wrong bytes; in headers, in tables, anywhere.

use std::path::Path;

use framehop::{CacheNative, FrameAddress, MayAllocateDuringUnwind, Unwinder as _, UnwinderNative};
use object::ReadCache;
use proptest::prelude::*;

use super::compiled::library;
use crate::cpu::event::Registers;
use crate::cpu::unwind::elf::Elf;
use crate::cpu::unwind::registers::{Walk, interrupted_at};
use crate::cpu::unwind::rows::{Cover, Rows};
use crate::cpu::unwind::stack::CopiedStack;

const SOURCE: &str = r#"
#include <alloca.h>
#include <stdlib.h>
volatile long sum;
__attribute__((noinline)) void inner(void (*f)(void)) { char *p = alloca(sum & 31); *p = 1; f(); sum += abs(rand()); }
void outer(void (*f)(void)) { inner(f); sum++; }
"#;

/// Reads the file as a module's is, and asks its tables for addresses. Panics if that does; says whether it was an ELF.
fn look_at(bytes: &[u8]) -> bool {
    let from_memory = Elf::read(bytes);
    let from_file = Elf::read(&ReadCache::new(std::io::Cursor::new(bytes)));
    assert_eq!(from_memory.is_some(), from_file.is_some());
    let Some(elf) = from_memory else {
        return false;
    };
    let mut rows = Rows::default();
    for address in [0, 0x1000, 0x1100, 0x3fff, 1 << 40, u64::MAX] {
        rows.cover(&elf.tables, address);
        elf.offset_of(address);
        let bias = elf.bias(0x7000_0000_0000, address, 0x1000).unwrap_or(0);
        let _ = elf.rules(0x7000_0000_0000..0x7000_0001_0000, bias);
    }
    unwind_in(&elf);
    true
}

/// Goes through the file's code as if it were mapped, on a stack of addresses of itself.
fn unwind_in(elf: &Elf) {
    const BIAS: u64 = 0x7000_0000_0000;
    let mut unwinder = UnwinderNative::<_, MayAllocateDuringUnwind>::new();
    let Some(rules) = elf.rules(BIAS..BIAS + 0x1_0000, BIAS) else {
        return;
    };
    unwinder.add_module(rules);
    let mut cache = CacheNative::default();
    let mut rows = Rows::default();
    let words: Vec<u8> = (0..64)
        .flat_map(|word| (BIAS + 0x1000 + word * 40).to_ne_bytes())
        .collect();
    for code in (0x1000..0x1400).step_by(48) {
        let mut stack = CopiedStack::new(0x10_0000, &words);
        let registers = Registers {
            instruction: BIAS + code,
            stack: 0x10_0000,
            frame: 0x10_0040,
            link: 0,
        };
        let mut walk = Walk::start(&registers, BIAS + 0x1_0000);
        match rows.cover(&elf.tables, code) {
            Cover::Row(row) => drop(row.step(&mut walk, &mut stack)),
            Cover::Plain | Cover::Nothing => {
                let address = FrameAddress::from_return_address(BIAS + code + 1).expect("not zero");
                let _ = unwinder.unwind_frame(address, &mut walk.native, &mut cache, &mut |at| {
                    stack.read(at)
                });
            }
            Cover::Signal => drop(interrupted_at(&walk, &mut stack)),
            Cover::Lost => {}
        }
    }
}

fn sample(options: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = library(folder.path(), "sound", SOURCE, options)?;
    Some(std::fs::read(path).expect("the library"))
}

#[test]
fn a_file_that_is_cut_is_refused_or_read() {
    let Some(bytes) = sample(&[]) else { return };
    assert!(look_at(&bytes));
    for length in (0..bytes.len()).step_by(97).chain(0..200) {
        look_at(&bytes[..length]);
    }
}

#[test]
fn every_byte_of_the_headers_and_tables_may_be_wrong() {
    let Some(bytes) = sample(&[]) else { return };
    let elf = Elf::read(&*bytes).expect("sound");
    let mut places: Vec<usize> = (0..1024).collect();
    for table in [&elf.tables.eh_frame, &elf.tables.eh_frame_hdr]
        .into_iter()
        .flatten()
    {
        let start = (bytes.windows(table.bytes.len()))
            .position(|window| window == &*table.bytes)
            .expect("the table is in the file");
        places.extend(start..start + table.bytes.len());
    }
    // The section headers are at the end.
    places.extend(bytes.len().saturating_sub(64 * 32)..bytes.len());
    for place in places {
        for value in [0x7f, 0xff] {
            let mut broken = bytes.clone();
            broken[place] = value;
            look_at(&broken);
        }
    }
}

#[test]
fn an_index_that_leads_astray_is_made_anew() {
    let Some(bytes) = sample(&[]) else { return };
    let sound = Elf::read(&*bytes).expect("sound");
    let index = sound.tables.eh_frame_hdr.expect("an index");
    let start = (bytes.windows(index.bytes.len()))
        .position(|window| window == &*index.bytes)
        .expect("the index is in the file");
    for (place, value) in [
        (start, 9),
        (start + 3, 0x1c),
        (start + 11, 0x7f),
        (start + 12 + 7, 0x55),
    ] {
        let mut broken = bytes.clone();
        broken[place] = value;
        let elf = Elf::read(&*broken).expect("an ELF file");
        let made = elf.tables.eh_frame_hdr.expect("an index of our own");
        assert_eq!(
            made.address,
            elf.tables.eh_frame.expect("the table").address
        );
    }
}

#[test]
fn build_ids_are_those_that_readelf_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this test's file");
    let plain = library(folder.path(), "sound", SOURCE, &["-Wl,--build-id=sha1"]);
    let none = library(folder.path(), "without", SOURCE, &["-Wl,--build-id=none"]);
    for path in [Some(own), plain, none].into_iter().flatten() {
        let Some(wanted) = build_id_by_readelf(&path) else {
            eprintln!("SKIPPED: no readelf");
            return;
        };
        let bytes = std::fs::read(&path).expect("the file");
        let found = Elf::read(&*bytes)
            .expect("an ELF file")
            .build_id
            .unwrap_or_default();
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, wanted, "{}", path.display());
    }
}

/// Empty: the file has none. `None`: there is no readelf.
fn build_id_by_readelf(path: &Path) -> Option<String> {
    let shown = std::process::Command::new("readelf")
        .arg("-n")
        .arg(path)
        .output()
        .ok()?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let line = shown
        .lines()
        .find_map(|line| line.trim().strip_prefix("Build ID: "));
    Some(line.unwrap_or_default().to_owned())
}

proptest! {
    #[test]
    fn any_bytes_are_no_trouble(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        look_at(&bytes);
        let mut with_magic = b"\x7fELF\x02\x01\x01".to_vec();
        with_magic.extend(&bytes);
        look_at(&with_magic);
    }
}
