//! Functions that are timed and no more: any signature, and no warning at the strictest lints.
#![warn(clippy::pedantic, unused)]

use std::fmt::Display;
use std::panic::{Location, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use vecperf::measure;

use crate::watch::{ended, install};

#[test]
fn the_name_is_the_functions_or_the_given_one() {
    /// Documented.
    #[measure]
    #[must_use]
    fn shapes_own_name(a: u32, (b, _): (u32, u32)) -> u32 {
        a + b
    }
    #[measure]
    fn r#match() {}
    #[measure("shapes: given")]
    fn given() {}
    #[measure(name = "shapes: given")]
    fn given_too() {}

    install();
    assert_eq!(shapes_own_name(1, (2, 3)), 3);
    r#match();
    given();
    given_too();
    assert_eq!(ended("shapes_own_name"), (1, 0, 0));
    assert_eq!(ended("match"), (1, 0, 0));
    assert_eq!(ended("shapes: given"), (2, 0, 0));
}

#[test]
fn generic_functions_are_one_operation() {
    #[measure("shapes: generic")]
    fn first<T, const N: usize>(items: &[T; N], shown: impl Fn(&T) -> String) -> (&T, String)
    where
        T: Display,
    {
        (&items[0], shown(&items[0]))
    }

    install();
    assert_eq!(first(&[1, 2], ToString::to_string).1, "1");
    assert_eq!(first(&["a"], |item| item.to_uppercase()).1, "A");
    assert_eq!(ended("shapes: generic"), (2, 0, 0));
}

struct Index {
    vectors: Vec<f32>,
}

impl Index {
    #[measure("shapes: receivers")]
    fn by_reference(&self) -> &[f32] {
        &self.vectors
    }

    #[measure("shapes: receivers")]
    fn by_mutable_reference(&mut self) -> &mut f32 {
        self.vectors.push(0.0);
        &mut self.vectors[0]
    }

    #[measure("shapes: receivers")]
    fn by_value(self) -> Vec<f32> {
        self.vectors
    }

    #[expect(clippy::boxed_local, reason = "the receiver is the point")]
    #[measure("shapes: receivers")]
    fn by_box(self: Box<Self>) -> usize {
        self.vectors.len()
    }

    #[measure("shapes: receivers")]
    fn by_arc(self: &Arc<Self>) -> Arc<Self> {
        Self::clone(self)
    }

    #[measure("shapes: receivers")]
    fn by_pin(self: Pin<&mut Self>) -> usize {
        self.vectors.len()
    }

    fn clone(this: &Arc<Self>) -> Arc<Self> {
        Arc::clone(this)
    }
}

#[test]
fn methods_of_every_receiver_are_measured() {
    install();
    let mut index = Index { vectors: vec![1.0] };
    assert_eq!(index.by_reference().len(), 1);
    *index.by_mutable_reference() = 2.0;
    assert_eq!(Pin::new(&mut index).by_pin(), 2);
    let index = Arc::new(index).by_arc();
    let index = Arc::try_unwrap(index).unwrap_or_else(|_| unreachable!("the first is gone"));
    assert_eq!(
        Box::new(Index {
            vectors: index.by_value()
        })
        .by_box(),
        2
    );
    assert_eq!(ended("shapes: receivers"), (6, 0, 0));
}

trait Engine {
    fn search(&self) -> usize;

    #[measure("shapes: default body")]
    fn search_twice(&self) -> usize {
        self.search() + self.search()
    }
}

impl Engine for u8 {
    #[measure("shapes: in a trait impl")]
    fn search(&self) -> usize {
        usize::from(*self)
    }
}

#[test]
fn trait_methods_are_measured() {
    install();
    let engine: &dyn Engine = &4;
    assert_eq!(engine.search_twice(), 8);
    assert_eq!(ended("shapes: default body"), (1, 0, 0));
    assert_eq!(ended("shapes: in a trait impl"), (2, 0, 0));
}

#[test]
fn an_opaque_value_is_timed_until_it_is_returned() {
    #[measure("shapes: opaque")]
    fn squares(upto: &u32) -> impl Iterator<Item = u32> {
        (0..*upto).map(|n| n * n)
    }

    install();
    let squares = squares(&4);
    assert_eq!(ended("shapes: opaque"), (1, 0, 0));
    assert_eq!(squares.sum::<u32>(), 14);
}

#[test]
fn a_panic_is_an_error() {
    #[measure("shapes: never")]
    fn never() -> ! {
        panic!("as it must")
    }

    install();
    assert!(catch_unwind(|| never()).is_err());
    assert_eq!(ended("shapes: never"), (0, 1, 0));
}

#[test]
fn unsafe_and_foreign_functions_are_measured() {
    /// # Safety
    /// `at` is valid for reads.
    #[measure("shapes: unsafe")]
    unsafe extern "C" fn read(at: *const u8) -> u8 {
        // SAFETY: promised by the caller.
        unsafe { *at }
    }

    install();
    // SAFETY: a reference is valid for reads.
    assert_eq!(unsafe { read(&7) }, 7);
    assert_eq!(ended("shapes: unsafe"), (1, 0, 0));
}

#[test]
fn each_call_of_a_recursion_counts() {
    #[measure("shapes: recursion")]
    fn depth(left: u32) -> u32 {
        if left == 0 {
            return 0;
        }
        1 + depth(left - 1)
    }

    install();
    assert_eq!(depth(5), 5);
    assert_eq!(ended("shapes: recursion"), (6, 0, 0));
}

#[test]
fn attributes_stay_where_they_were() {
    #[measure("shapes: tracked")]
    #[track_caller]
    fn caller() -> u32 {
        Location::caller().line()
    }
    #[measure("shapes: inner attributes")]
    fn quiet() -> u32 {
        //! Documented inside.
        #![allow(unused_variables, reason = "it is here to be kept")]
        let unused = 1;
        2
    }

    install();
    assert_eq!((caller(), quiet()), (line!(), 2));
    assert_eq!(ended("shapes: tracked"), (1, 0, 0));
}

#[test]
fn names_in_the_body_are_its_own() {
    const SITE: u32 = 1;
    struct CallSite(u32);

    #[expect(clippy::used_underscore_binding, reason = "the name is the point")]
    #[measure("shapes: hygiene")]
    fn sum(_timer: &CallSite, never: u32) -> u32 {
        let site = SITE + _timer.0;
        site + never
    }

    install();
    assert_eq!(sum(&CallSite(2), 3), 6);
    assert_eq!(ended("shapes: hygiene"), (1, 0, 0));
}

#[test]
fn functions_that_macros_write_are_measured() {
    macro_rules! engine {
        ($name:ident, $returned:ty, $body:block) => {
            #[measure("shapes: macro")]
            fn $name() -> $returned $body
        };
    }
    engine!(plain, u32, { 1 });
    engine!(fallible, Result<u32, String>, { Err("no")? });

    install();
    assert_eq!((plain(), fallible()), (1, Err("no".to_owned())));
    assert_eq!(ended("shapes: macro"), (1, 1, 0));
}
