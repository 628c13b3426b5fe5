//! Back ends 2 and 3: a signal on the running thread, whose handler copies registers and stack into a ring.
//!
//! ```text
//!  linux/sampling.rs      a session: finds threads, drains the ring
//!  linux/roster.rs        which threads are sampled; each has an entry in the table and, in back end 2, a timer
//!  linux/timer.rs         a POSIX timer on one thread's CPU clock
//!  linux/ticker.rs        back end 3: a thread that signals those that have used CPU time
//!  linux/tasks.rs         the process's threads, as /proc tells them
//!  linux/disposition.rs   who has SIGPROF
//!  linux/process.rs       one set of these a process; a forked child's copy is dead
//!  linux/notes.rs         what the report should say
//!
//!  linux/handler.rs       the signal handler, and all that it reaches:
//!  linux/cookie.rs        what a signal of ours carries
//!  linux/gate.rs          when signal handlers may work, and whether one does
//!  linux/ring.rs          samples on their way
//!  linux/stacks.rs        memory for their stacks
//!  linux/shared.rs        the thread table, and the above together
//!
//!  elsewhere.rs           other systems: always refuses
//! ```
//!
//! **Weights.** A CPU timer is looked at on the kernel's tick, so it signals at most CONFIG_HZ times a second; each
//! signal says how many expirations it stands for (`si_overrun`). What a full ring turned away, and what a thread used
//! before it was found, is owed and goes to its next sample. So totals are true where the rate is not; missing is only
//! what a thread used after its last sample: on average half a tick, once a thread.
//!
//! **Memory.** 8 MiB of address space for stacks, of which 4 MiB are resident during a session with stacks of 16 KiB,
//! and none after it; 250 KiB for ring and thread table. Independent of how long the session takes.

// Registers are known on these processors only.
#[cfg_attr(
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )),
    path = "elsewhere.rs"
)]
mod linux;

pub(crate) use linux::arm_this_thread;
pub(super) use linux::start;
