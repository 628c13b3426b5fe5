//! Which threads are sampled: who has which entry of the table, and the timer that belongs to it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;

use super::cookie::Cookie;
use super::shared::{Shared, THREADS};
use super::tasks::{self, Name, Task};
use super::timer::Timer;
use crate::clock;

/// The threads of a session. Bounded by [`THREADS`], about 200 bytes each.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: HashMap<u32, Member>,
    /// Entries that nobody holds any longer.
    free: Vec<u16>,
    /// The last generation that was given out.
    generation: u32,
    /// Nanoseconds of CPU time between two expirations; 0: no timers, the ticker sends the signals.
    period_ns: u64,
    /// Threads of ours.
    excluded: Vec<u32>,
    named: Vec<(u32, Name)>,
    pub(super) missed: Missed,
}

/// Threads that are not sampled, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Missed {
    /// The table was full, or the system refused a timer.
    pub(super) refused: u64,
    /// The last refusal.
    pub(super) reason: String,
    /// They block SIGPROF.
    pub(super) blocking: u64,
}

#[derive(Debug)]
struct Member {
    entry: u16,
    /// Held for its end: the timer goes with the member.
    timer: Option<Timer>,
    name: Name,
}

/// From when on a thread's CPU time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// It ran before the session did.
    Now,
    /// It began during the session.
    Birth,
}

impl Roster {
    /// A new session; the last one's end has cleared the roster.
    pub(super) fn begin(&mut self, period_ns: u64, excluded: Vec<u32>) {
        self.period_ns = period_ns;
        self.excluded = excluded;
        self.missed = Missed::default();
    }

    /// A thread of ours that started after the session.
    pub(super) fn exclude(&mut self, thread: u32) {
        self.excluded.push(thread);
    }

    /// Whether the thread is sampled already, or never to be.
    pub(super) fn knows(&self, thread: u32) -> bool {
        self.members.contains_key(&thread) || self.excluded.contains(&thread)
    }

    /// From now on the thread is sampled. Does nothing for one that [`Roster::knows`].
    pub(super) fn admit(&mut self, shared: &Shared, thread: u32, task: Task, since: Since) {
        if self.knows(thread) {
            return;
        }
        match self.try_admit(shared, thread, task.name, since) {
            Ok(()) => {
                self.named.push((thread, task.name));
                self.missed.blocking += u64::from(task.blocks_sigprof);
            }
            // It has ended meanwhile.
            Err(_) if !tasks::lives(thread) => {}
            Err(error) => {
                self.missed.refused += 1;
                self.missed.reason = error.to_string();
            }
        }
    }

    fn try_admit(
        &mut self,
        shared: &Shared,
        thread: u32,
        name: Name,
        since: Since,
    ) -> io::Result<()> {
        let index = self.take_entry(shared)?;
        self.generation = self.generation.wrapping_add(1).max(1);
        let cookie = Cookie {
            generation: self.generation,
            entry: index,
        };
        let started = self.start(shared, thread, cookie, since);
        if started.is_err() {
            self.give_back(shared, index);
        }
        let member = Member {
            entry: index,
            timer: started?,
            name,
        };
        self.members.insert(thread, member);
        Ok(())
    }

    /// Opens the thread's account and arms its timer.
    fn start(
        &self,
        shared: &Shared,
        thread: u32,
        cookie: Cookie,
        since: Since,
    ) -> io::Result<Option<Timer>> {
        let ended = || io::Error::from_raw_os_error(libc::ESRCH);
        let entry = shared.entry(cookie.entry).ok_or_else(ended)?;
        let used_ns = clock::cpu_nanos_of(thread).ok_or_else(ended)?;
        let counted_ns = match since {
            Since::Now => used_ns,
            Since::Birth => 0,
        };
        if self.period_ns == 0 {
            entry.take(thread, cookie.generation, 0, counted_ns);
            return Ok(None);
        }
        let timer = Timer::new(thread, cookie)?;
        // A random phase keeps threads that do the same from being sampled at the same step. Expirations that are past
        // already are owed instead of fired at once, which would sample whoever arms the timer.
        let phase_ns = counted_ns + 1 + scrambled(cookie.to_bits() ^ used_ns) % self.period_ns;
        let past = used_ns
            .checked_sub(phase_ns)
            .map_or(0, |late| late / self.period_ns + 1);
        let owed_ns = past * self.period_ns;
        entry.take(thread, cookie.generation, owed_ns, 0);
        timer.arm(phase_ns + owed_ns, self.period_ns)?;
        Ok(Some(timer))
    }

    /// The calling thread says where its stack lies.
    pub(super) fn tell_stack(&self, shared: &Shared, thread: u32, bounds: (u64, u64)) {
        let member = self.members.get(&thread);
        if let Some(entry) = member.and_then(|member| shared.entry(member.entry)) {
            entry.set_stack(bounds.0, bounds.1);
        }
    }

    /// The thread is not sampled any longer; whether it was.
    pub(super) fn dismiss(&mut self, shared: &Shared, thread: u32) -> bool {
        let Some(member) = self.members.remove(&thread) else {
            return false;
        };
        drop(member.timer); // no further signals, then nobody heeds those on their way
        self.give_back(shared, member.entry);
        true
    }

    /// The members that are not in `listed` and have ended; they are dismissed.
    pub(super) fn dismiss_ended(&mut self, shared: &Shared, listed: &[u32]) -> Vec<u32> {
        let absent: Vec<u32> = self
            .members
            .keys()
            .copied()
            .filter(|thread| !listed.contains(thread) && !tasks::lives(*thread))
            .collect();
        absent
            .into_iter()
            .filter(|thread| self.dismiss(shared, *thread))
            .collect()
    }

    /// Whether the member's timer says that its thread has ended, whoever has its number now.
    pub(super) fn has_ended(&self, thread: u32) -> bool {
        let timer = self
            .members
            .get(&thread)
            .and_then(|member| member.timer.as_ref());
        timer.is_some_and(|timer| !timer.counts())
    }

    /// The thread is called so now.
    pub(super) fn rename(&mut self, thread: u32, name: Name) {
        if let Some(member) = self.members.get_mut(&thread)
            && member.name != name
        {
            member.name = name;
            self.named.push((thread, name));
        }
    }

    /// New names since the last call.
    pub(super) fn take_named(&mut self) -> Vec<(u32, Name)> {
        std::mem::take(&mut self.named)
    }

    /// Nobody is sampled any longer.
    pub(super) fn clear(&mut self, shared: &Shared) {
        for (_, member) in std::mem::take(&mut self.members) {
            drop(member.timer);
            self.give_back(shared, member.entry);
        }
        self.named.clear();
    }

    fn take_entry(&mut self, shared: &Shared) -> io::Result<u16> {
        if let Some(index) = self.free.pop() {
            return Ok(index);
        }
        let used = shared.used.load(Ordering::Relaxed);
        if used >= THREADS {
            return Err(io::Error::other(format!(
                "{THREADS} threads are sampled already"
            )));
        }
        shared.used.store(used + 1, Ordering::Release);
        Ok(used as u16)
    }

    fn give_back(&mut self, shared: &Shared, index: u16) {
        if let Some(entry) = shared.entry(index) {
            entry.leave();
        }
        self.free.push(index);
    }
}

/// SplitMix64's output function (Steele, Lea, Flood 2014): neighbouring inputs give unrelated outputs.
fn scrambled(input: u64) -> u64 {
    let mixed = (input ^ input >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
