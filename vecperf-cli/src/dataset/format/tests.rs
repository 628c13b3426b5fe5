//! Each format is read; each kind of damage is named.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::dataset::Quiet;

const ROWS: [[f32; 3]; 4] = [
    [0.0, 1.0, 2.0],
    [3.0, 4.0, 5.0],
    [6.0, 7.0, 8.0],
    [9.0, 10.0, 255.0],
];

fn all() -> Vec<f32> {
    ROWS.concat()
}

/// A header of 32-bit numbers, then bytes.
fn bin(header: &[u32], body: &[u8]) -> Vec<u8> {
    header
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .chain(body.iter().copied())
        .collect()
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// Each of [`ROWS`] after its number of values.
fn vecs(row: impl Fn(&[f32]) -> Vec<u8>) -> Vec<u8> {
    ROWS.iter()
        .flat_map(|values| bin(&[3], &row(values)))
        .collect()
}

fn npy(header: &str, body: &[u8]) -> Vec<u8> {
    let text = format!("{header}\n");
    [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(text.len() as u16).to_le_bytes(),
        text.as_bytes(),
        body,
    ]
    .concat()
}

fn npy_of(descr: &str, fortran: bool, body: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    npy(
        &format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (4, 3), }}"),
        body,
    )
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().map(|&value| value as u8).collect()
}

/// [`ROWS`] in each format: extension and content.
pub(super) fn valid() -> Vec<(&'static str, Vec<u8>)> {
    let columns: Vec<f32> = (0..3)
        .flat_map(|column| ROWS.iter().map(move |row| row[column]))
        .collect();
    let f64s: Vec<u8> = all()
        .iter()
        .flat_map(|&value| f64::from(value).to_le_bytes())
        .collect();
    vec![
        ("fbin", bin(&[4, 3], &f32s(&all()))),
        ("u8bin", bin(&[4, 3], &bytes_of(&all()))),
        ("fvecs", vecs(f32s)),
        ("bvecs", vecs(bytes_of)),
        ("npy", npy_of("<f4", false, &f32s(&all()))),
        ("npy", npy_of("<f4", true, &f32s(&columns))),
        ("npy", npy_of("<f8", false, &f64s)),
        ("npy", npy_of("|u1", false, &bytes_of(&all()))),
    ]
}

/// The first rows of a file with this content.
pub(super) fn read(
    extension: &str,
    content: &[u8],
    rows: std::ops::Range<usize>,
) -> Result<Vectors> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("data.{extension}"));
    fs::write(&path, content).unwrap();
    Table::open(&path)?.vectors(rows, &Quiet)
}

pub(super) fn ids(extension: &str, content: &[u8]) -> Result<Ids> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("data.{extension}"));
    fs::write(&path, content).unwrap();
    Table::open(&path)?.ids()
}

#[test]
fn every_format_gives_the_same_rows() {
    for (extension, content) in valid() {
        assert_eq!(
            read(extension, &content, 0..9).unwrap().values(),
            all(),
            "{extension}"
        );
        assert_eq!(
            read(extension, &content, 1..3).unwrap().values(),
            ROWS[1..3].concat(),
            "{extension}"
        );
    }
}

#[test]
fn neighbour_ids_are_read_from_each_format() {
    let words: [u32; 6] = [1, 2, 3, 4, 5, 0x8000_0000];
    let body: Vec<u8> = words.iter().flat_map(|id| id.to_le_bytes()).collect();
    let wide: Vec<u8> = words
        .iter()
        .flat_map(|&id| u64::from(id).to_le_bytes())
        .collect();
    let rows = bin(&[3], &body[..12])
        .into_iter()
        .chain(bin(&[3], &body[12..]))
        .collect();
    let header =
        |descr| format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}");
    let cases = [
        ("ibin", bin(&[2, 3], &body)),
        // big-ann-benchmarks: ids, then as many distances.
        (
            "ibin",
            bin(&[2, 3], &[body.clone(), f32s(&[0.5; 6])].concat()),
        ),
        ("ivecs", rows),
        ("npy", npy(&header("<i4"), &body)),
        ("npy", npy(&header("<i8"), &wide)),
    ];
    for (extension, content) in cases {
        assert_eq!(
            ids(extension, &content).unwrap(),
            Ids {
                k: 3,
                ids: words.to_vec()
            },
            "{extension}"
        );
    }
    let error = ids("fbin", &bin(&[4, 3], &f32s(&all())))
        .unwrap_err()
        .to_string();
    assert!(error.contains("holds coordinates"), "{error}");
    let error = read("ibin", &bin(&[2, 3], &body), 0..2)
        .unwrap_err()
        .to_string();
    assert!(error.contains("--truth"), "{error}");
}

#[test]
fn a_damaged_file_is_named_with_what_was_found_and_expected() {
    let [good, short, long] = [12, 11, 13]
        .map(|values| f32s(&all().into_iter().cycle().take(values).collect::<Vec<_>>()));
    let mut other = vecs(f32s);
    other[16] = 4; // the dimensions of row 1
    let mut nan = all();
    nan[7] = f32::NAN;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("fbin", vec![], "is empty"),
        ("fbin", bin(&[4], &[]), "ends after 4 bytes"),
        (
            "fbin",
            bin(&[4, 3], &short),
            "holds 52 bytes. Expected: 56 bytes for 4 rows of 3 32-bit floats",
        ),
        (
            "fbin",
            bin(&[4, 3], &long),
            "holds 60 bytes. Expected: 56 bytes",
        ),
        (
            "fbin",
            bin(&[4, 0], &[]),
            "announces 0 dimensions. Expected: 1 to 65536",
        ),
        ("fbin", bin(&[0, 3], &[]), "announces 0 rows"),
        (
            "fbin",
            bin(&[4, 65_537], &good),
            "announces 65537 dimensions",
        ),
        (
            "fbin",
            bin(&[1 << 31, 3], &good),
            "Expected: 25769803784 bytes",
        ),
        (
            "fbin",
            bin(&[1 << 31, 1 << 16], &good),
            "Expected: 562949953421320 bytes",
        ),
        (
            "fbin",
            bin(&[u32::MAX, u32::MAX], &good),
            "announces 4294967295 dimensions",
        ),
        (
            "fbin",
            bin(&[4, 3], &f32s(&nan)),
            "row 2 holds NaN at dimension 1",
        ),
        (
            "ibin",
            bin(&[1 << 31, 3], &good),
            "Expected: 25769803784 bytes",
        ),
        (
            "fvecs",
            bin(&[3], &good),
            "holds 52 bytes. Expected: 64 bytes",
        ),
        (
            "fvecs",
            bin(&[1 << 31], &good),
            "announces 2147483648 dimensions",
        ),
        (
            "fvecs",
            other,
            "row 1 announces 4 dimensions. Expected: 3, as row 0 says",
        ),
        ("fvecs", vec![1], "ends after 1 bytes"),
        ("npy", good.clone(), "does not begin with"),
        ("npy", b"\x93NUMPY\x01".to_vec(), "announces a header of"),
        (
            "npy",
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
            "announces a header of 4294967295 bytes",
        ),
        (
            "npy",
            b"\x93NUMPY\x09\x00\x00\x00\x00\x00".to_vec(),
            "format version 9",
        ),
        ("npy", npy("{'descr': '<f4'}", &good), "has the header"),
        ("npy", npy_of(">f4", false, &good), "type >f4"),
        ("npy", npy_of("<c8", false, &good), "type <c8"),
        ("npy", npy_of("<f4", false, &short), "Expected"),
        (
            "npy",
            npy(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (12,), }",
                &good,
            ),
            "shape [12]",
        ),
        (
            "npy",
            npy(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2147483648, 3), }",
                &good,
            ),
            "rows of 3",
        ),
        (
            "npy",
            npy(
                "{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 3), }",
                &good,
            ),
            "announces 4294967296 rows",
        ),
        (
            "npy",
            npy_of("<f8", false, &[1e300f64.to_le_bytes(); 12].concat()),
            "row 0 holds inf",
        ),
        ("fbin", b"\x1f\x8b\x08\x00 and more".to_vec(), "gunzip"),
        ("npy", b"PK\x03\x04 and more".to_vec(), "unzip"),
        (
            "fbin",
            b"version https://git-lfs.github.com/spec/v1".to_vec(),
            "git lfs pull",
        ),
        ("fbin", b"<!DOCTYPE html>".to_vec(), "web page"),
    ];
    for (extension, content, part) in cases {
        let result = read(extension, &content, 0..9)
            .map(|_| ())
            .and_then(|()| ids(extension, &content).map(|_| ()));
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains(part) && error.contains(&format!("data.{extension}: ")),
            "{extension}, {part}: {error}"
        );
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.fbin");
    let error = Table::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    fs::create_dir(&path).unwrap();
    assert!(
        Table::open(&path)
            .unwrap_err()
            .to_string()
            .contains("is a directory")
    );
    assert!(
        Table::open(&PathBuf::from("data.csv"))
            .unwrap_err()
            .to_string()
            .contains(".fvecs")
    );
    #[cfg(unix)]
    {
        let device = directory.path().join("zero.fbin");
        std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
        assert!(
            Table::open(&device)
                .unwrap_err()
                .to_string()
                .contains("device")
        );
    }
}
