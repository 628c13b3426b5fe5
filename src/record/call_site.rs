//! Where `#[measure]` stands: finds the installed monitor's operation once, then costs a load and a branch.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::instrument::Instrumented;
use super::operation::Operation;
use super::recorder::Recorder;
use super::timer::Timer;
use crate::allocation::apart;
use crate::segment::Outcome;

/// Counts installations; 0 while none is in force.
static INSTALLED: AtomicU64 = AtomicU64::new(0);
static CURRENT: Mutex<Current> = Mutex::new(Current {
    recorder: Weak::new(),
    count: 0,
});

struct Current {
    recorder: Weak<Recorder>,
    count: u64,
}

pub(super) fn install(recorder: &Arc<Recorder>) {
    let mut current = current();
    current.recorder = Arc::downgrade(recorder);
    current.count += 1;
    INSTALLED.store(current.count, Ordering::Release);
}

pub(super) fn uninstall(recorder: &Arc<Recorder>) {
    let mut current = current();
    if std::ptr::eq(current.recorder.as_ptr(), Arc::as_ptr(recorder)) {
        current.recorder = Weak::new();
        INSTALLED.store(0, Ordering::Release);
    }
}

/// A place in the code that is an operation of whichever monitor is installed.
#[derive(Debug)]
pub struct CallSite {
    name: &'static str,
    /// The installation that `operation` belongs to.
    found_in: AtomicU64,
    operation: AtomicPtr<Operation>,
}

impl CallSite {
    /// A place whose operation is called `name`.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            found_in: AtomicU64::new(0),
            operation: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Starts an operation; off when no monitor is installed.
    #[inline(always)]
    pub fn start(&'static self) -> Timer<'static> {
        self.operation().map_or_else(Timer::off, Operation::start)
    }

    /// The operation; off when no monitor is installed.
    pub fn handle(&'static self) -> Operation {
        self.operation().cloned().unwrap_or_default()
    }

    /// As [`Operation::measure_result`].
    #[inline(always)]
    pub fn measure_result<T, E>(
        &'static self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let timer = self.start();
        let result = work();
        timer.end(Outcome::of(&result));
        result
    }

    /// As [`Operation::instrument`].
    pub fn instrument<F: Future>(&'static self, future: F) -> Instrumented<F> {
        self.operation()
            .unwrap_or(&Operation::off())
            .instrument(future)
    }

    /// As [`Operation::instrument_result`].
    pub fn instrument_result<T, E, F>(&'static self, future: F) -> Instrumented<F>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.operation()
            .unwrap_or(&Operation::off())
            .instrument_result(future)
    }

    /// Calls `work`. Says no more than that the closure is called once, and so may return what it borrows.
    #[inline(always)]
    pub fn call<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline(always)]
    fn operation(&self) -> Option<&'static Operation> {
        let installed = INSTALLED.load(Ordering::Relaxed);
        if installed == 0 {
            return None;
        }
        if self.found_in.load(Ordering::Acquire) == installed {
            self.found()
        } else {
            self.find()
        }
    }

    #[inline(always)]
    fn found(&self) -> Option<&'static Operation> {
        // SAFETY: the pointer is null or comes from `Box::leak` in `find`, which is never freed or written again; the
        // acquire load orders its making before this.
        unsafe { self.operation.load(Ordering::Acquire).as_ref() }
    }

    /// Looks the operation up. What it leaks is one handle a place and installation, and with it the operation.
    #[cold]
    fn find(&self) -> Option<&'static Operation> {
        let current = current();
        if self.found_in.load(Ordering::Relaxed) != current.count {
            // None: uninstalled in the meantime.
            let recorder = current.recorder.upgrade()?;
            let found = apart(|| Box::leak(Box::new(recorder.operation(self.name).forever())));
            self.operation.store(found, Ordering::Release);
            self.found_in.store(current.count, Ordering::Release);
        }
        self.found()
    }
}

fn current() -> MutexGuard<'static, Current> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}
