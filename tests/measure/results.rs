//! Functions whose `Err` counts as an error, however they come to return it.
#![warn(clippy::pedantic, unused)]

use std::error::Error;
use std::fmt::{Debug, Write};
use std::num::ParseIntError;
use std::panic::catch_unwind;

use vecperf::measure;

use crate::watch::{ended, install};

#[test]
fn every_way_out_has_its_outcome() {
    #[measure("results: ways out")]
    fn halve(text: &str) -> Result<Box<dyn Debug>, Box<dyn Error>> {
        if text.is_empty() {
            return Ok(Box::new("nothing"));
        }
        let number: u32 = text.parse()?;
        assert!(number < 100, "too large");
        match number % 2 {
            0 => Ok(Box::new(number / 2)),
            _ => return Err("odd".into()),
        }
    }

    install();
    assert!(halve("").is_ok() && halve("8").is_ok());
    assert_eq!(ended("results: ways out"), (2, 0, 0));
    assert!(halve("x").is_err() && halve("7").is_err());
    assert_eq!(ended("results: ways out"), (2, 2, 0));
    assert!(catch_unwind(|| halve("100").is_ok()).is_err());
    assert_eq!(ended("results: ways out"), (2, 3, 0));
}

struct Store {
    rows: Vec<String>,
}

impl Store {
    #[measure("results: borrows")]
    fn row(&mut self, at: usize) -> Result<&mut String, usize> {
        let length = self.rows.len();
        self.rows.get_mut(at).ok_or(length)
    }

    #[measure("results: borrows")]
    fn longest<'a>(&'a self, mut other: &'a str) -> Result<&'a str, ParseIntError> {
        for row in &self.rows {
            if row.len() > other.len() {
                other = row;
            }
        }
        Ok(other)
    }

    #[measure("results: borrows")]
    fn rows(&self) -> Result<std::slice::Iter<'_, String>, ()> {
        Ok(self.rows.iter())
    }
}

#[test]
fn what_is_borrowed_from_an_argument_may_be_returned() {
    install();
    let mut store = Store {
        rows: vec!["a".into()],
    };
    store.row(0).unwrap().push('b');
    assert_eq!(store.row(7), Err(1));
    assert_eq!(store.longest("").unwrap(), "ab");
    assert_eq!(store.rows().unwrap().len(), 1);
    assert_eq!(ended("results: borrows"), (3, 1, 0));
}

#[test]
fn an_opaque_type_within_a_result_is_inspected() {
    #[measure("results: opaque")]
    fn numbers<T: AsRef<str>>(
        text: &[T],
    ) -> Result<impl Iterator<Item = u32> + use<T>, ParseIntError> {
        let numbers: Vec<u32> = text
            .iter()
            .map(|t| t.as_ref().parse())
            .collect::<Result<_, _>>()?;
        Ok(numbers.into_iter())
    }

    install();
    assert_eq!(numbers(&["1", "2"]).unwrap().sum::<u32>(), 3);
    assert!(numbers(&["x"]).is_err());
    assert_eq!(ended("results: opaque"), (1, 1, 0));
}

#[test]
fn aliases_called_result_are_inspected_and_others_on_request() {
    type Answer = Result<u8, u8>;

    #[measure("results: fmt")]
    fn write(to: &mut String) -> std::fmt::Result {
        write!(to, "{}", 1)
    }
    #[measure("results: asked", result)]
    fn asked() -> Answer {
        Err(1)
    }
    #[measure(result = false, name = "results: ordinary")]
    fn ordinary() -> Result<(), u8> {
        Err(1)
    }

    install();
    let _ = (write(&mut String::new()), asked(), ordinary());
    assert_eq!(ended("results: fmt"), (1, 0, 0));
    assert_eq!(ended("results: asked"), (0, 1, 0));
    assert_eq!(ended("results: ordinary"), (1, 0, 0));
}

trait Engine {
    type Error;

    #[measure("results: default body")]
    fn filled(&mut self, n: usize) -> Result<Self, Self::Error>
    where
        Self: Sized,
    {
        self.make(n)
    }

    fn make(&mut self, n: usize) -> Result<Self, Self::Error>
    where
        Self: Sized;
}

impl Engine for Vec<u8> {
    type Error = usize;

    #[measure("results: in a trait impl")]
    fn make(&mut self, n: usize) -> Result<Self, Self::Error> {
        if n > 3 { Err(n) } else { Ok(vec![0; n]) }
    }
}

#[test]
fn trait_methods_are_inspected() {
    install();
    assert_eq!(
        (vec![].filled(2), vec![].filled(9)),
        (Ok(vec![0, 0]), Err(9))
    );
    assert_eq!(ended("results: default body"), (1, 1, 0));
    assert_eq!(ended("results: in a trait impl"), (1, 1, 0));
}

#[test]
fn arguments_keep_their_ways() {
    #[measure("results: arguments")]
    fn consume(
        mut rows: Vec<u8>,
        (from, _): (usize, u8),
        each: &mut impl FnMut(u8),
        _unused: String,
    ) -> Result<Vec<u8>, u8> {
        rows.drain(..from).for_each(each);
        rows.pop().ok_or(0)?;
        Ok(rows)
    }

    /// # Safety
    /// `at` is valid for reads.
    #[measure("results: arguments")]
    unsafe fn read(at: *const u8) -> Result<u8, u8> {
        // SAFETY: promised by the caller.
        Ok(unsafe { *at })
    }

    install();
    let mut sum = 0;
    assert_eq!(
        consume(vec![1, 2, 3, 4], (2, 0), &mut |n| sum += n, String::new()),
        Ok(vec![3])
    );
    assert_eq!(sum, 3);
    // SAFETY: a reference is valid for reads.
    assert_eq!(unsafe { read(&7) }, Ok(7));
    assert_eq!(ended("results: arguments"), (2, 0, 0));
}
