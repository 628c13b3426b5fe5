//! Futures: from the first poll to the end, or to being dropped before it.
#![warn(clippy::pedantic, unused)]

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};

use vecperf::measure;

use crate::watch::{ended, install, poll, run, wait};

#[test]
fn a_future_counts_when_it_ends() {
    #[measure("futures: ends")]
    async fn length(text: &str) -> usize {
        wait().await;
        if text.is_empty() {
            return 0;
        }
        text.len()
    }
    #[measure("futures: returns nothing")]
    async fn nothing() {
        wait().await;
    }

    install();
    let text = String::from("borrowed, not 'static");
    {
        let mut future = pin!(length(&text));
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(ended("futures: ends"), (0, 0, 0));
        assert!(poll(future.as_mut()).is_ready());
    }
    assert_eq!(run(length("")), 0);
    run(nothing());
    assert_eq!(ended("futures: ends"), (2, 0, 0));
    assert_eq!(ended("futures: returns nothing"), (1, 0, 0));
}

#[test]
fn every_way_out_has_its_outcome() {
    #[measure("futures: ways out")]
    async fn halve(text: &str) -> Result<Box<dyn Debug>, Box<dyn Error + Send + Sync>> {
        wait().await;
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
    assert!(run(halve("")).is_ok() && run(halve("8")).is_ok());
    assert_eq!(ended("futures: ways out"), (2, 0, 0));
    assert!(run(halve("x")).is_err() && run(halve("7")).is_err());
    assert_eq!(ended("futures: ways out"), (2, 2, 0));
    assert!(catch_unwind(|| run(halve("100")).is_ok()).is_err());
    assert_eq!(ended("futures: ways out"), (2, 3, 0));

    drop(halve("8"));
    assert_eq!(
        ended("futures: ways out"),
        (2, 3, 0),
        "never polled, it never began"
    );
    {
        let mut dropped = pin!(halve("8"));
        assert!(poll(dropped.as_mut()).is_pending());
    }
    assert_eq!(ended("futures: ways out"), (2, 3, 1));
}

struct Store {
    rows: Vec<String>,
}

impl Store {
    #[measure("futures: borrows")]
    async fn row(&mut self, at: usize) -> Result<&mut String, usize> {
        wait().await;
        let length = self.rows.len();
        self.rows.get_mut(at).ok_or(length)
    }

    #[measure("futures: borrows")]
    async fn lengths(&self) -> Result<impl Iterator<Item = usize>, ()> {
        wait().await;
        Ok(self.rows.iter().map(String::len))
    }
}

#[test]
fn what_is_borrowed_from_an_argument_may_be_returned() {
    install();
    let mut store = Store {
        rows: vec!["a".into()],
    };
    run(store.row(0)).unwrap().push('b');
    assert_eq!(run(store.row(7)), Err(1));
    assert_eq!(run(store.lengths()).unwrap().sum::<usize>(), 2);
    assert_eq!(ended("futures: borrows"), (2, 1, 0));
}

#[test]
fn a_recursion_stays_send() {
    #[measure("futures: recursion")]
    async fn depth(left: u32) -> Result<u32, ()> {
        if left == 0 {
            return Ok(0);
        }
        wait().await;
        Ok(1 + Box::pin(depth(left - 1)).await?)
    }
    fn on_any_thread<F: Future + Send>(future: F) -> F {
        future
    }

    install();
    assert_eq!(run(on_any_thread(depth(3))), Ok(3));
    assert_eq!(ended("futures: recursion"), (4, 0, 0));
}

#[test]
fn an_async_function_may_not_end() {
    #[measure("futures: never")]
    async fn forever() -> ! {
        loop {
            wait().await;
        }
    }

    install();
    {
        let mut forever = pin!(forever());
        assert!(poll(forever.as_mut()).is_pending());
    }
    assert_eq!(ended("futures: never"), (0, 0, 1));
}

trait Engine {
    #[measure("futures: default body")]
    async fn search(&self, k: usize) -> Result<usize, usize> {
        self.find(k).await
    }

    fn find(&self, k: usize) -> impl Future<Output = Result<usize, usize>> + Send;
}

impl Engine for usize {
    #[measure("futures: opaque")]
    fn find(&self, k: usize) -> impl Future<Output = Result<Self, Self>> + Send {
        let found = *self;
        async move {
            wait().await;
            if k > found { Err(found) } else { Ok(k) }
        }
    }
}

#[test]
fn futures_in_traits_are_measured() {
    install();
    assert_eq!((run(3.search(2)), run(3.search(9))), (Ok(2), Err(3)));
    assert_eq!(ended("futures: default body"), (1, 1, 0));
    assert_eq!(ended("futures: opaque"), (1, 1, 0));
}

#[test]
fn a_future_in_a_box_is_measured_while_it_runs() {
    type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    #[measure("futures: boxed")]
    fn boxed(text: &str) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + '_>> {
        if text.is_empty() {
            return Box::pin(async { Ok(0) });
        }
        Box::pin(async move {
            wait().await;
            text.parse().map_err(|_| text.to_owned())
        })
    }
    #[measure("futures: hidden in an alias")]
    fn hidden(text: &str) -> Boxed<'_, usize> {
        Box::pin(async move { text.len() })
    }

    install();
    assert_eq!(run(boxed("")), Ok(0));
    assert_eq!((run(boxed("3")), run(boxed("x"))), (Ok(3), Err("x".into())));
    drop(boxed("3"));
    assert_eq!(ended("futures: boxed"), (2, 1, 0));
    let future = hidden("abc");
    assert_eq!(
        ended("futures: hidden in an alias"),
        (1, 0, 0),
        "timed until it is returned"
    );
    assert_eq!(run(future), 3);
}

#[async_trait::async_trait]
trait Service {
    async fn answer(&self, k: &str) -> Result<u32, String>;
}

#[async_trait::async_trait]
impl Service for u32 {
    #[measure("futures: async_trait")]
    async fn answer(&self, k: &str) -> Result<u32, String> {
        wait().await;
        let k: u32 = k.parse().map_err(|_| "no number".to_owned())?;
        Ok(k.min(*self))
    }
}

#[test]
fn async_trait_methods_are_measured() {
    install();
    let service: Box<dyn Service> = Box::new(5);
    assert_eq!(run(service.answer("9")), Ok(5));
    assert!(run(service.answer("x")).is_err());
    {
        let mut dropped = service.answer("1");
        assert!(poll(dropped.as_mut()).is_pending());
    }
    assert_eq!(ended("futures: async_trait"), (1, 1, 1));
}

#[test]
fn a_panic_between_polls_is_no_outcome_of_its_own() {
    #[measure("futures: panics")]
    async fn breaks() {
        wait().await;
        panic!("as it must");
    }

    install();
    {
        let mut future = pin!(breaks());
        assert!(poll(future.as_mut()).is_pending());
        let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()).is_ready()));
        assert!(polled.is_err());
    }
    let (ok, errors, cancelled) = ended("futures: panics");
    assert_eq!((ok, errors + cancelled), (0, 1));
}
