//! The hostile program survives, and owns afterwards what it owned before.

use crate::case::{Case, alone, back_ends};

#[test]
fn stress() {
    let _alone = alone();
    for back_end in back_ends() {
        let run = Case::new("stress").seconds(18.0).back_end(back_end).run();
        println!("{back_end}: {:?}", run.truth.facts);
        let fact = |name| run.truth.fact(name);
        for kind in [
            "libraries",
            "panics",
            "exceptions",
            "allocations",
            "thread_churn",
        ] {
            assert!(fact(kind) > 10.0, "{back_end}: {kind} {}", fact(kind));
        }
        for kind in ["deep_recursion", "signal_stacks", "forks", "restarts"] {
            assert!(fact(kind) > 3.0, "{back_end}: {kind} {}", fact(kind));
        }
        assert!(
            fact("samples") > 100.0,
            "{back_end}: {} samples",
            fact("samples")
        );
        for owned in [
            "more_descriptors",
            "more_threads",
            "more_timers",
            "more_rings",
        ] {
            assert!(fact(owned) <= 0.0, "{back_end}: {owned} {}", fact(owned));
        }
        // One more a restart would be 80; a few come from the allocator.
        assert!(
            fact("more_maps") <= 30.0,
            "{back_end}: {}",
            fact("more_maps")
        );
        assert!(fact("more_mib") <= 64.0, "{back_end}: {}", fact("more_mib"));
    }
}
