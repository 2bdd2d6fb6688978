//! Tells the program which commit and compiler it comes from, for `--version` and the `build_info` series.

use std::{env, process::Command};

fn main() {
    // A build from an archive has no repository: packagers give the commit by this variable.
    println!("cargo::rerun-if-env-changed=BUILD_REVISION");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    let given = env::var_os("BUILD_REVISION").and_then(|revision| revision.into_string().ok());
    let revision = given.or_else(|| answer("git", &["rev-parse", "--short=12", "HEAD"]));
    let compiler = env::var_os("RUSTC").and_then(|rustc| answer(rustc.to_str()?, &["--version"]));
    let compiler = compiler.as_deref().and_then(|line| line.split(' ').nth(1));
    println!("cargo::rustc-env=BUILD_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=BUILD_RUSTC={}", compiler.unwrap_or("unknown"));
}

fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
