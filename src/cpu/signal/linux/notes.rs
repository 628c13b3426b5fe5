//! What a reader of the profile should know about a session.

use super::disposition::Disposition;
use super::process::Process;
use super::roster::Missed;

/// What was noticed on the way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Who has SIGPROF instead of us.
    pub(super) replaced: Option<Disposition>,
    /// Why threads without operations are not found.
    pub(super) undiscovered: Option<String>,
}

impl Notes {
    pub(super) fn in_words(&self, process: &Process) -> Vec<String> {
        let missed = process.roster().missed.clone();
        let denied = !process.shared.copies_by_kernel();
        let replaced = self.replaced.map(|other| {
            format!("sampling ended early, because SIGPROF was taken over during the recording by {other}")
        });
        let undiscovered = self.undiscovered.as_ref().map(|error| {
            format!("only threads that time operations are sampled: /proc/self/task cannot be read ({error})")
        });
        let without_stack = denied.then(|| {
            "threads that time no operation, and code on stacks of its own, are seen without callers: process_vm_readv is \
             not allowed here"
                .to_owned()
        });
        [replaced, undiscovered, without_stack]
            .into_iter()
            .chain(missed.in_words())
            .flatten()
            .collect()
    }
}

impl Missed {
    fn in_words(&self) -> [Option<String>; 2] {
        let refused = (self.refused > 0).then(|| {
            format!(
                "{} threads got no timer and are not sampled; the last one because: {}",
                self.refused, self.reason
            )
        });
        let blocking = (self.blocking > 0).then(|| {
            format!(
                "{} threads block SIGPROF and are sampled only when they do not",
                self.blocking
            )
        });
        [refused, blocking]
    }
}
