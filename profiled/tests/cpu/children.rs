//! Children: none hangs or dies, none is in the profile, none writes.

use crate::case::{Case, alone, back_ends};
use crate::shares::compare_total;

#[test]
fn children_are_not_touched_and_not_seen() {
    let _alone = alone();
    for back_end in back_ends() {
        let case = Case::new("children").seconds(1.0).back_end(back_end);
        let run = case.run();
        let children = run.truth.fact("children");
        for kind in ["forked", "executed", "spawned"] {
            assert_eq!(run.truth.fact(kind), children, "{back_end}: {kind}");
        }
        assert_eq!(run.truth.fact("written_by_children"), 0.0, "{back_end}");
        let seen = run.seen();
        let in_child = seen.seconds(|sample| seen.function(sample, &["in_the_child"]).is_some());
        assert_eq!(in_child, 0.0, "{back_end}");
        // Forking with much memory is work of the kernel, where a signal comes only afterwards.
        case.judge(|run| compare_total("children", back_end, run, 0.10));
    }
}
