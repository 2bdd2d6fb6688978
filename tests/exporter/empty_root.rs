//! What the image holds is enough: a static binary and certificate authorities, run by nobody.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use github_copilot_exporter::simulator::{Options, Simulator};

use crate::{
    contracts::sources,
    deploy::NOBODY,
    networks::{API, UP, encrypted, tried},
    program::{Running, run},
    web::Authority,
};

/// The program, linked with nothing, as `make test` builds it beside the one that the other tests run: with musl, or, where
/// that is not to be had, with glibc.
pub fn binary() -> PathBuf {
    let other = Path::new(env!("CARGO_BIN_EXE_github-copilot-exporter"));
    let target = other.ancestors().nth(2).unwrap();
    let with = |library: &str| {
        let triple = format!("{}-unknown-linux-{library}", std::env::consts::ARCH);
        target.join(triple).join("debug/github-copilot-exporter")
    };
    let path = Some(with("musl")).filter(|path| path.exists()).unwrap_or_else(|| with("gnu"));
    let built = fs::metadata(&path).and_then(|file| file.modified());
    let built = built.unwrap_or_else(|error| panic!("{}: {error}; `make static` builds it", path.display()));
    let mut files = Vec::new();
    sources(&crate::contracts::root().join("src"), &mut files);
    let changed = files.iter().map(|file| fs::metadata(file).unwrap().modified().unwrap()).max();
    assert!(changed < Some(built), "{} is older than its source: `make static`", path.display());
    path
}

/// A directory that a container sees as `/`, on the file system of the program.
pub fn directory() -> tempfile::TempDir {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    root
}

/// Puts there what the image has. The program is linked: a copy that is still open for writing, in this process or in one
/// that another test is just starting, cannot be run.
pub fn unpack_image(root: &Path, authority: &str) {
    fs::create_dir_all(root.join("etc/ssl/certs")).unwrap();
    fs::hard_link(binary(), root.join("github-copilot-exporter")).unwrap();
    fs::write(root.join("etc/ssl/certs/ca-certificates.crt"), authority).unwrap();
}

/// A directory with that, and the one file that every runtime adds: the names of hosts.
fn root(authority: &str) -> tempfile::TempDir {
    let root = directory();
    unpack_image(root.path(), authority);
    fs::write(root.path().join("etc/hosts"), format!("127.0.0.1 {API}\n")).unwrap();
    root
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Runs in it, with nothing else to see: as nobody; or, by whoever may not choose, in a world of its own (which some systems
/// refuse: then only root can run this test).
fn inside(root: &Path, variables: &[(&str, &str)]) -> Command {
    let (program, options): (_, &[_]) = if is_root() {
        ("chroot", &["--userspec", NOBODY])
    } else {
        ("unshare", &["--map-root-user", "chroot"])
    };
    let mut command = Command::new(program);
    command.args(options).arg(root).args(["/github-copilot-exporter", "serve"]);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(variables.iter().copied());
    command
}

#[test]
fn the_binary_of_the_image_is_linked_with_nothing() {
    let mut command = Command::new("readelf");
    command.args(["--program-headers", "--dynamic", "--wide"]).arg(binary());
    let (code, said, complaints) = run(command);
    assert_eq!((code, &*complaints), (Some(0), ""));
    assert!(said.contains("LOAD"), "{said}");
    assert!(!said.contains("INTERP") && !said.contains("NEEDED"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reads_names_and_certificates_and_serves_in_an_empty_root_as_nobody() {
    let github = Simulator::start(Options { users: 40, ..Options::default() }).await.unwrap();
    let plain = github.url().trim_start_matches("http://").parse().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue(keys.path(), "github", &[API]);
    let there = encrypted(&keys.path().join("github.pem"), &keys.path().join("github.key"), plain).await;

    let root = root(&authority.pem);
    let api = format!("https://{API}:{}", there.port());
    let running = Running::start(inside(
        root.path(),
        &[
            ("GITHUB_API_URL", &api),
            ("GITHUB_TOKEN", "octocat-demo-token"),
            ("GITHUB_ORGS", "octo-labs"),
            ("GITHUB_COPILOT_API", "usage"),
            ("EXPORTER_SOURCES", "activity"),
            ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ],
    ));
    let scrape = tried(&running).await;
    assert_eq!(scrape.get(UP), Some(1.0), "{}", scrape.text);
    let process = PathBuf::from(format!("/proc/{}", running.id()));
    assert_eq!(fs::read_link(process.join("root")).unwrap(), root.path().canonicalize().unwrap());
    let status = fs::read_to_string(process.join("status")).unwrap();
    let nobody = NOBODY.split(':').next().unwrap();
    assert!(!is_root() || status.contains(&format!("\nUid:\t{nobody}\t")), "{status}");
    let (code, _) = running.terminate();
    assert!(code.success());
}
