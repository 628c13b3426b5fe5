//! Recorded and made-up `/proc/self/cgroup` and `/proc/self/mountinfo` texts.

use proptest::prelude::*;

use super::*;

/// Where `controller` is found, as `version: own … mount point`.
fn check(cgroup: &str, mountinfo: &str, controller: Controller, expected: &str) {
    let found = locate(cgroup, mountinfo, controller).map_or("nowhere".to_owned(), |hierarchy| {
        let levels: Vec<_> = hierarchy
            .levels
            .iter()
            .map(|level| level.display().to_string())
            .collect();
        format!("{:?}: {}", hierarchy.version, levels.join(" "))
    });
    assert_eq!(found, expected, "{controller:?}");
}

const V1_MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw\n\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n\
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

const V2_MOUNTS: &str = "\
24 30 0:22 / /sys rw,nosuid,nodev shared:7 - sysfs sysfs rw\n\
35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";

#[test]
fn hybrid_with_controllers_on_v1() {
    let cgroup = "9:name=systemd:/\n4:memory:/process_api/2d32\n2:cpuacct:/\n1:cpu:/\n0::/\n";
    check(
        cgroup,
        V1_MOUNTS,
        Controller::Memory,
        "V1: /sys/fs/cgroup/memory/process_api/2d32 /sys/fs/cgroup/memory/process_api /sys/fs/cgroup/memory",
    );
    check(cgroup, V1_MOUNTS, Controller::Cpu, "V1: /sys/fs/cgroup/cpu");
}

#[test]
fn hybrid_with_a_controller_only_on_v2() {
    let cgroup = "9:name=systemd:/\n1:cpu:/\n0::/user.slice/app\n";
    check(
        cgroup,
        V1_MOUNTS,
        Controller::Memory,
        "V2: /sys/fs/cgroup/unified/user.slice/app /sys/fs/cgroup/unified/user.slice /sys/fs/cgroup/unified",
    );
}

#[test]
fn systemd_on_v2() {
    let cgroup = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope\n";
    let own = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice";
    let expected = format!(
        "V2: {own}/run-r1.scope {own} /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service \
         /sys/fs/cgroup/user.slice/user-1000.slice /sys/fs/cgroup/user.slice /sys/fs/cgroup"
    );
    check(cgroup, V2_MOUNTS, Controller::Memory, &expected);
    check(cgroup, V2_MOUNTS, Controller::Cpu, &expected);
}

#[test]
fn docker_on_v2_with_its_own_namespace() {
    check(
        "0::/\n",
        V2_MOUNTS,
        Controller::Memory,
        "V2: /sys/fs/cgroup",
    );
}

#[test]
fn docker_on_v1_sees_its_cgroup_at_the_mount_point() {
    let cgroup =
        "11:memory:/docker/5f3a\n4:cpu,cpuacct:/docker/5f3a\n1:name=systemd:/docker/5f3a\n";
    let mounts = "\
    670 665 0:26 /docker/5f3a /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct\n\
    672 665 0:29 /docker/5f3a /sys/fs/cgroup/memory ro,nosuid,nodev master:17 - cgroup cgroup rw,memory\n";
    check(
        cgroup,
        mounts,
        Controller::Memory,
        "V1: /sys/fs/cgroup/memory",
    );
    check(
        cgroup,
        mounts,
        Controller::Cpu,
        "V1: /sys/fs/cgroup/cpu,cpuacct",
    );
}

#[test]
fn kubernetes_on_v1_with_the_host_hierarchy_mounted_elsewhere() {
    let cgroup = "5:memory:/kubepods/burstable/pod1/c1\n0::/\n";
    let mounts = "\
    100 90 0:29 /kubepods/burstable/pod1/c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
    101 90 0:29 / /host\\040cgroup/memory ro - cgroup cgroup rw,memory\n";
    // The mount that shows more levels counts: a limit may stand on the pod.
    check(
        cgroup,
        mounts,
        Controller::Memory,
        "V1: /host cgroup/memory/kubepods/burstable/pod1/c1 /host cgroup/memory/kubepods/burstable/pod1 \
         /host cgroup/memory/kubepods/burstable /host cgroup/memory/kubepods /host cgroup/memory",
    );
}

#[test]
fn namespaces_that_show_paths_above_their_root() {
    let mount = |root: &str| format!("35 24 0:30 {root} /cg rw - cgroup2 cgroup2 rw\n");
    // Moved out of the namespace's root: the mount shows somebody else's limits.
    check("0::/../..\n", &mount("/"), Controller::Memory, "nowhere");
    check(
        "0::/../sibling\n",
        &mount("/../other"),
        Controller::Memory,
        "nowhere",
    );
    // A mount made outside the namespace shows our branch from further up.
    check(
        "0::/../sibling/x\n",
        &mount("/.."),
        Controller::Memory,
        "V2: /cg/sibling/x /cg/sibling /cg",
    );
    check("0::/\n", &mount("/../.."), Controller::Memory, "V2: /cg");
    // No namespace, and a name from outside that is not visible here.
    check(
        "0::/docker/5f3a\n",
        &mount("/actions"),
        Controller::Memory,
        "V2: /cg",
    );
}

#[test]
fn nothing_is_found_in_texts_that_are_empty_or_cut_off() {
    check("", V2_MOUNTS, Controller::Memory, "nowhere");
    check("0::/a\n", "", Controller::Memory, "nowhere");
    check("0::/a", V2_MOUNTS, Controller::Memory, "nowhere");
    check(
        "0::/a\n",
        V2_MOUNTS.trim_end(),
        Controller::Memory,
        "nowhere",
    );
    check(
        "memory\n:::\n\n0:memory\n",
        V1_MOUNTS,
        Controller::Memory,
        "nowhere",
    );
}

#[test]
fn octal_escapes() {
    for (field, plain) in [
        ("/a\\040b", "/a b"),
        ("\\134", "\\"),
        ("\\", "\\"),
        ("\\04", "\\04"),
        ("\\999", "\\999"),
        ("\\é", "\\é"),
    ] {
        assert_eq!(unescape(field), plain);
    }
}

/// A tree of cgroup files, as (path, text).
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn hierarchy(version: Version, root: &Path, own: &str) -> Hierarchy {
    let levels = Path::new(own)
        .ancestors()
        .map(|level| root.join(level))
        .collect();
    Hierarchy { version, levels }
}

#[test]
fn the_smallest_limit_counts_and_its_own_usage_stands_beside_it() {
    let root = tree(&[
        ("pod/c1/memory.max", "max\n"),
        ("pod/c1/memory.current", "10\n"),
        ("pod/memory.max", "4096000\n"),
        ("pod/memory.current", "30\n"),
        ("memory.max", "8192000\n"),
        ("pod/c1/cpu.max", "200000 100000\n"),
        ("pod/cpu.max", "150000 100000\n"),
        ("cpu.max", "max 100000\n"),
    ]);
    let group = hierarchy(Version::V2, root.path(), "pod/c1");
    let expected = (Some(4_096_000), root.path().join("pod/memory.current"));
    assert_eq!(group.memory(&mut Vec::new()), expected);
    assert_eq!(group.quota(&mut Vec::new()).map(|it| it.0), Some(1.5));
}

#[test]
fn without_a_limit_the_own_usage_counts() {
    let root = tree(&[
        ("a/memory.limit_in_bytes", "9223372036854771712\n"),
        ("a/memory.usage_in_bytes", "10\n"),
        ("memory.usage_in_bytes", "99\n"),
        ("a/cpu.cfs_quota_us", "-1\n"),
        ("a/cpu.cfs_period_us", "100000\n"),
        ("cpu.cfs_quota_us", "25000\n"),
        ("cpu.cfs_period_us", "50000\n"),
    ]);
    let group = hierarchy(Version::V1, root.path(), "a");
    assert_eq!(
        group.memory(&mut Vec::new()),
        (None, root.path().join("a/memory.usage_in_bytes"))
    );
    assert_eq!(group.quota(&mut Vec::new()).map(|it| it.0), Some(0.5));
    let gone = hierarchy(Version::V1, &root.path().join("gone"), "a");
    assert_eq!(
        (gone.memory(&mut Vec::new()).0, gone.quota(&mut Vec::new())),
        (None, None)
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        cgroup in r"((0::|1:memory:|:)?(/(\.\.|a|é)){0,3}\n?){0,4}",
        mounts in r"((1 2 0:3 )?(/(\.\.|a|\\0?4?0?)){0,3} /m rw (- )?cgroup2? x (memory|rw)?\n?){0,4}",
    ) {
        let _ = locate(&cgroup, &mounts, Controller::Memory);
        let _ = locate(&cgroup, &mounts, Controller::Cpu);
    }
}
