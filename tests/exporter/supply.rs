//! What comes into the program from others, and what is said about its safety.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use serde::Deserialize;

use crate::contracts::{read, root, sources};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lines of `file` between one that is `from` and the next that is `to`.
fn between<'a>(file: &'a str, from: &'a str, to: &'a str) -> impl Iterator<Item = &'a str> {
    file.lines().skip_while(move |line| *line != from).skip(1).take_while(move |line| *line != to)
}

/// What stands in quotes behind `key` in a line, if anything does.
fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(key)?.1.split('"').nth(1)
}

/// A package as the lock file pins it.
#[derive(Debug, Default)]
struct Locked<'a> {
    name: &'a str,
    source: Option<&'a str>,
    checksum: Option<&'a str>,
}

fn locked(file: &str) -> Vec<Locked<'_>> {
    let package = |text| Locked {
        name: quoted(text, "name = ").unwrap(),
        source: quoted(text, "\nsource = "),
        checksum: quoted(text, "\nchecksum = "),
    };
    file.split("[[package]]").skip(1).map(package).collect()
}

fn banned(deny: &str) -> BTreeSet<&str> {
    between(deny, "deny = [", "]").filter_map(|line| quoted(line, "crate = ")).collect()
}

fn allowed(deny: &str) -> BTreeSet<&str> {
    between(deny, "allow = [", "]").filter_map(|line| line.split('"').nth(1)).collect()
}

#[test]
fn every_package_is_pinned_comes_from_crates_io_and_is_not_banned() {
    let (deny, lock) = (read("deny.toml"), read("Cargo.lock"));
    let banned = banned(&deny);
    assert!(
        ["openssl", "native-tls", "serde_yml", "rustls-pemfile"].iter().all(|name| banned.contains(name))
    );
    let packages = locked(&lock);
    assert!(packages.len() > 100, "the lock file is read");
    for Locked { name, source, checksum } in packages {
        assert!(!banned.contains(name), "{name} is banned by deny.toml");
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        assert_eq!(source, Some(REGISTRY), "{name}");
        assert!(checksum.is_some_and(|checksum| checksum.len() == 64), "{name} has no checksum");
    }
    assert!(deny.contains(r#"unknown-registry = "deny""#) && deny.contains(r#"unknown-git = "deny""#));
}

/// Whether a licence expression can be met with these licences.
fn is_met(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    // The older way to write `OR`.
    if let Some((one, other)) = split(expression, " OR ").or_else(|| split(expression, "/")) {
        return is_met(one, allowed) || is_met(other, allowed);
    }
    if let Some((one, other)) = split(expression, " AND ") {
        return is_met(one, allowed) && is_met(other, allowed);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_met(inner, allowed),
        None => allowed.contains(expression),
    }
}

/// What stands before and behind the first such operator that is in no parentheses.
fn split<'a>(expression: &'a str, operator: &str) -> Option<(&'a str, &'a str)> {
    let is_outside = |at: &usize| {
        let before = &expression[..*at];
        before.matches('(').count() == before.matches(')').count()
    };
    let at = expression.match_indices(operator).map(|(at, _)| at).find(is_outside)?;
    Some((&expression[..at], &expression[at + operator.len()..]))
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("(GPL-3.0 AND ISC) OR (MIT AND (X OR ISC))", true),
        ("MIT AND ISC OR GPL-3.0", true),
        ("GPL-3.0 OR MIT AND X", false),
        ("MIT WITH LLVM-exception", false),
        ("", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
}

/// The packages that are built on this machine. That asks nobody: what is not here is not asked for.
fn packages() -> Vec<Package> {
    let cargo = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{}", text(output.stderr));
        text(output.stdout)
    };
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host];
    serde_json::from_str::<Metadata>(&cargo(&arguments)).unwrap().packages
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let deny = read("deny.toml");
    let allowed = allowed(&deny);
    let packages = packages();
    assert!(packages.len() > 100, "the packages are read");
    for Package { name, license } in &packages {
        let license = license.as_deref().unwrap_or_default();
        assert!(
            is_met(license, &allowed),
            "{name} has the licence {license:?}, which deny.toml does not allow"
        );
    }
}

/// The files in which programs are run by people and by the gate.
const SCRIPTS: [&str; 3] = ["Makefile", ".ci/run", ".ci/tools"];

#[test]
fn every_call_of_cargo_that_could_change_the_lock_file_is_told_not_to() {
    let mut calls = 0;
    for file in SCRIPTS {
        for line in read(file).replace("\\\n", " ").lines() {
            let call = line.split_once("$(CARGO) ").or_else(|| line.split_once("cargo "));
            let Some((_, call)) = call.filter(|_| !line.trim_start().starts_with('#')) else { continue };
            let resolves = ["build", "clippy", "doc", "test", "run", "install", "bench", "deny", "metadata"];
            if resolves.iter().any(|command| call.split_whitespace().next() == Some(command)) {
                calls += 1;
                assert!(call.contains("--locked"), "{file}: {line}");
            }
        }
    }
    assert!(calls >= 5, "the calls are found: {calls}");
}

/// The tests in the code, by name; each with its file, without directories, as a module is called.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    ["src", "tests"].iter().for_each(|part| sources(&root().join(part), &mut files));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let mut module = file.file_stem().unwrap().to_str().unwrap();
        if module == "mod" {
            module = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        }
        let text = fs::read_to_string(&file).unwrap();
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            let name = line.split_once("fn ").and_then(|(_, rest)| rest.split(['(', '<']).next());
            if let Some(name) = name.filter(|_| marked) {
                found.entry(name.to_owned()).or_default().insert(module.to_owned());
            }
            marked = (line.starts_with("#[") && line.contains("test")) || (marked && name.is_none());
        }
    }
    found
}

#[test]
fn every_test_that_the_security_policy_names_exists() {
    let (policy, tests) = (read("SECURITY.md"), tests());
    let named: Vec<_> = policy
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|word| word.split_once("::"))
        .filter(|(module, _)| module.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(named.len() >= 20, "SECURITY.md names the tests that hold it");
    for (module, test) in named {
        let modules = tests.get(test);
        assert!(
            modules.is_some_and(|modules| modules.contains(module)),
            "SECURITY.md names the test {module}::{test}, which does not exist"
        );
    }
}

#[test]
fn every_fuzz_target_is_declared_and_has_a_corpus() {
    let manifest = read("fuzz/Cargo.toml");
    let declared: BTreeSet<_> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
    let files: Vec<_> = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap().collect();
    assert_eq!(declared.len(), files.len());
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(declared.contains(&*format!("{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
        let seeds = fs::read_dir(root().join("fuzz/corpus").join(name)).unwrap();
        assert!(seeds.count() >= 3, "{name} has something to begin with");
    }
}
