//! What the process may not do from now on, as in a container or for a user without rights.

use std::io;

use crate::Arguments;

/// System calls that can be refused, by name.
const CALLS: &[(&str, libc::c_long)] = &[
    ("perf_event_open", libc::SYS_perf_event_open),
    ("process_vm_readv", libc::SYS_process_vm_readv),
    ("timer_create", libc::SYS_timer_create),
];

/// Takes away what `asked` says.
///
/// # Errors
/// The system refused, or a call is not in the table.
pub fn apply(asked: &Arguments) -> Result<(), String> {
    let limits = [
        ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK, asked.memlock),
        ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE, asked.nofile),
    ];
    for (name, resource, value) in limits {
        if let Some(value) = value {
            limit(resource, value).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    for name in &asked.denied {
        let known = CALLS.iter().find(|(call, _)| call == name);
        let (_, number) = known.ok_or(format!("{name}: not in the table of system calls"))?;
        deny(*number).map_err(|error| format!("seccomp {name}: {error}"))?;
    }
    Ok(())
}

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: `limit` is a whole rlimit, read only.
    answer(unsafe { libc::setrlimit(resource, &raw const limit) })
}

/// From now on, and in every child, the system call answers EPERM, as Docker's filter does.
fn deny(call: libc::c_long) -> io::Result<()> {
    let statement = |code: u32, skip_unless: u8, value: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: skip_unless,
        k: value,
    };
    let mut program = [
        // The call's number is the first field of what a filter sees.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            1,
            u32::try_from(call).unwrap(),
        ),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers only; a filter needs it unless the process is privileged.
    answer(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY: `filter` and the program that it points to live until the kernel has copied them.
    answer(unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    })
}

/// A system call's answer: 0 is well.
pub(crate) fn answer(returned: libc::c_int) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
