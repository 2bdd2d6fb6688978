//! Tells the program which commit and compiler it comes from, for `--version` and the `build_info` series.

use std::{env, path::Path, process::Command};

fn main() {
    // A build from an archive has no repository: packagers give the commit by this variable.
    println!("cargo::rerun-if-env-changed=BUILD_REVISION");
    println!("cargo::rerun-if-changed=build.rs");
    for file in commit_files() {
        println!("cargo::rerun-if-changed={file}");
    }
    let given = env::var_os("BUILD_REVISION").and_then(|revision| revision.into_string().ok());
    let revision = given.or_else(|| answer("git", &["rev-parse", "--short=12", "HEAD"]));
    let compiler = env::var_os("RUSTC").and_then(|rustc| answer(rustc.to_str()?, &["--version"]));
    let compiler = compiler.as_deref().and_then(|line| line.split(' ').nth(1));
    println!("cargo::rustc-env=BUILD_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=BUILD_RUSTC={}", compiler.unwrap_or("unknown"));
}

/// The files that say which commit is checked out, wherever this working tree has them. One that is not there would have
/// everything built anew each time.
fn commit_files() -> impl Iterator<Item = String> {
    let path = |name: &str| answer("git", &["rev-parse", "--git-path", name]);
    let branch = answer("git", &["rev-parse", "--symbolic-full-name", "HEAD"]);
    // Where branches are packed, only the log tells that there is a commit more.
    let files =
        [path("HEAD"), branch.and_then(|branch| path(&branch)), path("packed-refs"), path("logs/HEAD")];
    files.into_iter().flatten().filter(|file| Path::new(file).exists())
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
