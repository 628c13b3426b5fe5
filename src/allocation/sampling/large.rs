//! Large sampled blocks, by address: they stay where the program's allocator put them.
//!
//! A table of buckets of one cache line each. An address is in its bucket or the one behind it, and stays there until
//! its owner takes it out; so a lookup is complete without a lock, and looks at one cache line as a rule, at two at most.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::pages;

const BITS: u32 = 13;
const BUCKETS: usize = 1 << BITS;
const WAYS: usize = 8;

#[derive(Debug)]
pub(super) struct Large {
    /// Addresses; 0: free.
    keys: &'static [[AtomicUsize; WAYS]],
    words: &'static [[AtomicU32; WAYS]],
    /// How many there are: without any nobody has to look.
    live: AtomicUsize,
}

impl Large {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            // SAFETY: all zeroes is an atomic number.
            keys: unsafe { pages::zeroed(BUCKETS) }?,
            // SAFETY: as above.
            words: unsafe { pages::zeroed(BUCKETS) }?,
            live: AtomicUsize::new(0),
        })
    }

    /// Keeps the block at `address`, which is the caller's; `false`: no room.
    pub(super) fn insert(&self, address: *mut u8, word: u32) -> bool {
        self.places(address).any(|(key, place)| {
            let is_mine = key.load(Ordering::Relaxed) == 0
                && key
                    .compare_exchange(0, address.addr(), Ordering::Acquire, Ordering::Relaxed)
                    .is_ok();
            if is_mine {
                // Read by the owner of the block only, who has the address from us.
                place.store(word, Ordering::Relaxed);
                self.live.fetch_add(1, Ordering::Relaxed);
            }
            is_mine
        })
    }

    /// Forgets the block at `address`, which is the caller's, and gives its word; `None`: it is not here.
    pub(super) fn remove(&self, address: *mut u8) -> Option<u32> {
        if self.live.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let is_it = |(key, _): &(&AtomicUsize, _)| key.load(Ordering::Relaxed) == address.addr();
        let (key, place) = self.places(address).find(is_it)?;
        let word = place.load(Ordering::Relaxed);
        self.live.fetch_sub(1, Ordering::Relaxed);
        // Whoever takes the place next must not have its word read by us.
        key.store(0, Ordering::Release);
        Some(word)
    }

    /// Where an address may be, in this order.
    fn places(
        &self,
        address: *mut u8,
    ) -> impl Iterator<Item = (&'static AtomicUsize, &'static AtomicU32)> {
        let mixed = (address.addr() >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize);
        let home = mixed >> (usize::BITS - BITS);
        let (keys, words) = (self.keys, self.words);
        [home, (home + 1) % BUCKETS]
            .into_iter()
            .flat_map(move |bucket| keys[bucket].iter().zip(&words[bucket]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: usize) -> *mut u8 {
        std::ptr::without_provenance_mut(address)
    }

    #[test]
    fn what_was_put_in_is_found_once() {
        let large = Large::new().unwrap();
        assert_eq!(large.remove(at(0x1000)), None);
        let blocks = 20_000;
        let mut kept = Vec::new();
        for n in 1..=blocks {
            if large.insert(at(n * 0x11_000), n as u32) {
                kept.push(n);
            }
        }
        assert!(kept.len() as f64 > 0.999 * blocks as f64, "{}", kept.len());
        for n in &kept {
            assert_eq!(large.remove(at(n * 0x11_000)), Some(*n as u32));
            assert_eq!(large.remove(at(n * 0x11_000)), None);
        }
        assert_eq!(large.live.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_full_table_turns_away_and_keeps_what_it_has() {
        let large = Large::new().unwrap();
        let all = 4 * BUCKETS * WAYS;
        let kept: Vec<usize> = (1..=all)
            .filter(|n| large.insert(at(n * 4096), *n as u32))
            .collect();
        assert!(kept.len() <= BUCKETS * WAYS);
        assert!(
            kept.iter()
                .all(|n| large.remove(at(n * 4096)) == Some(*n as u32))
        );
    }

    /// Threads that put in and take out their own addresses, all of them in few buckets.
    #[test]
    fn owners_find_their_own_under_storm() {
        // For ever, so that ThreadSanitizer needs not see that the threads have ended.
        let large: &Large = Box::leak(Box::new(Large::new().unwrap()));
        std::thread::scope(|scope| {
            for thread in 1..5_usize {
                scope.spawn(move || {
                    for round in 0..100_000_usize {
                        let address = at((thread << 40) | ((round % 64) << 12));
                        let word = (round as u32) << 3 | thread as u32;
                        if large.insert(address, word) {
                            assert_eq!(large.remove(address), Some(word));
                        }
                    }
                });
            }
        });
        assert_eq!(large.live.load(Ordering::Relaxed), 0);
    }
}
