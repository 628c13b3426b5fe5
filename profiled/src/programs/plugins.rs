//! Code that is loaded, runs, and is unloaded: two libraries that take turns at the same addresses.

use std::ffi::{CString, c_void};
use std::time::Duration;

use super::Run;
use crate::Ledger;
use crate::spin::jittered;

const LIBRARIES: [(&str, &str); 2] = [
    ("plugin_one", env!("plugin_one")),
    ("plugin_two", env!("plugin_two")),
];

/// Loads one, runs it for some 20 ms, unloads it; then the other. A profiler that keeps an old list of modules takes one for
/// the other.
pub(super) fn plugins(run: &Run<'_>) -> Ledger {
    let operations = LIBRARIES.map(|(name, _)| run.operation(name));
    let mut addresses = Vec::new();
    let mut all = run.repeat(1.0, |ledger| {
        for ((name, path), operation) in LIBRARIES.into_iter().zip(&operations) {
            let plugin = Plugin::load(name, path);
            addresses.push(plugin.function as usize);
            for _ in 0..10 {
                // Its unit takes about a third of ours.
                let units = 3 * jittered(Duration::from_millis(2));
                ledger.spend(name, || operation.measure(|| plugin.call(units)));
            }
        }
    });
    addresses.sort_unstable();
    addresses.dedup();
    all.count("addresses", addresses.len() as f64);
    all
}

/// A loaded library; unloaded when dropped.
pub(crate) struct Plugin {
    handle: *mut c_void,
    function: extern "C" fn(u64) -> u64,
}

impl Plugin {
    pub(crate) fn load(name: &str, path: &str) -> Self {
        let (name, path) = (CString::new(name).unwrap(), CString::new(path).unwrap());
        // SAFETY: a library of ours, without initializers.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{path:?}");
        // SAFETY: the handle is open.
        let symbol = unsafe { libc::dlsym(handle, name.as_ptr()) };
        assert!(!symbol.is_null(), "{name:?}");
        // SAFETY: the function of that name in `cpp/plugin.cpp` has this type.
        let function =
            unsafe { std::mem::transmute::<*mut c_void, extern "C" fn(u64) -> u64>(symbol) };
        Self { handle, function }
    }

    pub(crate) fn call(&self, units: u64) -> u64 {
        (self.function)(units)
    }

    /// One of the two.
    pub(crate) fn any() -> Self {
        let (name, path) = LIBRARIES[fastrand::usize(..LIBRARIES.len())];
        Self::load(name, path)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // SAFETY: opened in `load`; nothing of it is used afterwards.
        unsafe { libc::dlclose(self.handle) };
    }
}
