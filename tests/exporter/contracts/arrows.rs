//! Modules import along the straight line, and outside crates have few homes.

use std::{collections::BTreeSet, fs};

use super::{read, root, sources};

/// The modules, each with those it may use: the arrows of the straight line.
const ARROWS: [(&str, &[&str]); 18] = [
    ("draft", &[]),
    ("owner", &[]),
    ("source", &[]),
    ("clock", &[]),
    ("completions", &[]),
    ("exit", &[]),
    ("github", &["clock", "owner"]),
    ("model", &["clock", "github", "owner", "source"]),
    ("metrics", &["clock", "github", "model", "owner", "source"]),
    ("config", &["github", "metrics", "model", "owner", "source"]),
    ("refresh", &["clock", "config", "draft", "github", "metrics", "model", "owner", "source"]),
    ("server", &["clock", "github", "metrics", "model", "owner", "refresh", "source"]),
    ("service", &["clock", "config", "github", "metrics", "model", "owner", "refresh", "server", "source"]),
    ("backfill", &["clock", "config", "draft", "github", "metrics", "model", "owner", "refresh", "source"]),
    ("check", &["clock", "config", "github", "model", "owner", "refresh", "server", "source"]),
    ("simulator", &[]),
    ("demo", &["clock", "config", "simulator"]),
    ("cli", &["backfill", "check", "completions", "exit", "simulator"]),
];

/// Outside crates that have few homes.
const HOMES: [(&str, &[&str]); 11] = [
    ("reqwest", &["backfill", "github"]),
    ("prometheus", &["metrics"]),
    ("hyper", &["server", "simulator"]),
    ("tokio_rustls", &["server"]),
    ("bcrypt", &["server"]),
    ("serde_saphyr", &["server"]),
    ("envy", &["config"]),
    ("clap_complete", &["completions"]),
    ("maud", &["server"]),
    ("jsonwebtoken", &["github", "simulator"]),
    ("std::env::", &["config"]),
];

/// The first path segments after `crate::` in a file, also inside `use crate::{…}`.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.extend(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned));
            continue;
        };
        let (mut depth, mut name) = (0, String::new());
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => found.extend([std::mem::take(&mut name)]),
                _ if depth == 0 && !c.is_whitespace() => name.push(c),
                _ => {}
            }
        }
        found.insert(name);
    }
    found
        .into_iter()
        .map(|name| name.split("::").next().unwrap().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether a line uses a crate or path, and not merely a longer name.
fn uses(line: &str, name: &str) -> bool {
    let path = if name.ends_with("::") { name.to_owned() } else { format!("{name}::") };
    line.match_indices(&path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// What is wrong with a file of a module, by its place in `src`.
fn against_the_arrows(place: &str, text: &str) -> Vec<String> {
    let module = place.split('/').next().unwrap().trim_end_matches(".rs");
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        return vec![format!("src/{place}: {module} is new; give it its place in ARROWS, {HERE}")];
    };
    let shipped = text.split("#[cfg(test)]").next().unwrap();
    let of_ours = imports(shipped).into_iter().filter(|import| ARROWS.iter().any(|(name, _)| name == import));
    let against = of_ours.filter(|import| import != module && !allowed.contains(&&**import));
    let against = against.map(|import| format!("src/{place} uses {import}, against ARROWS of {HERE}"));
    let lines = || shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
    let strays =
        HOMES.iter().filter(|(name, homes)| !homes.contains(&module) && lines().any(|line| uses(line, name)));
    let strays = strays
        .map(|(name, homes)| format!("src/{place} uses {name}, whose home is {homes:?} by HOMES of {HERE}"));
    against.chain(strays).collect()
}

/// Where the tables are.
const HERE: &str = "tests/exporter/contracts/arrows.rs";

/// What is wrong with the map: each module is declared, and explained above.
fn unmapped(map: &str) -> Vec<String> {
    let declared = |name: &str| map.lines().any(|line| line == format!("pub mod {name};"));
    let explained =
        |name: &str| map.lines().any(|line| line.starts_with("//!") && line.contains(&format!("[`{name}`]")));
    let names = ARROWS.iter().map(|(name, _)| *name);
    let gone = names
        .clone()
        .filter(|name| !declared(name))
        .map(|name| format!("src/lib.rs declares no {name}, which ARROWS of {HERE} has"));
    let untold = names
        .filter(|name| !explained(name))
        .map(|name| format!("src/lib.rs does not say what {name} is for"));
    gone.chain(untold).collect()
}

/// Every file of the library, by its place in `src`.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let place =
        |file: &std::path::Path| file.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
    let all = files.iter().map(|file| (place(file), fs::read_to_string(file).unwrap()));
    all.filter(|(place, _)| !["main.rs", "lib.rs"].contains(&&**place)).collect()
}

#[test]
fn no_module_imports_against_the_arrows_and_no_crate_leaves_its_home() {
    let problems: Vec<_> = files().iter().flat_map(|(place, text)| against_the_arrows(place, text)).collect();
    assert_eq!(problems, [""; 0]);
    assert_eq!(unmapped(&read("src/lib.rs")), [""; 0]);
}

#[test]
fn an_import_against_the_arrows_and_a_crate_away_from_home_are_named_with_the_file() {
    for (place, line, problem) in [
        (
            "model/view.rs",
            "use crate::server::routes::Route;",
            "src/model/view.rs uses server, against ARROWS",
        ),
        (
            "metrics/text.rs",
            "use crate::{owner::Owner, refresh::Keeper};",
            "src/metrics/text.rs uses refresh, against ARROWS",
        ),
        (
            "simulator/app.rs",
            "fn f(owner: crate::owner::Owner) {}",
            "src/simulator/app.rs uses owner, against ARROWS",
        ),
        ("server/mod.rs", "use reqwest::Client;", "src/server/mod.rs uses reqwest, whose home is"),
        (
            "model/mod.rs",
            "let name = std::env::var(NAME);",
            "src/model/mod.rs uses std::env::, whose home is",
        ),
        ("weather.rs", "", "src/weather.rs: weather is new; give it its place in ARROWS"),
    ] {
        let found = against_the_arrows(place, line);
        assert!(matches!(&*found, [only] if only.starts_with(problem)), "{problem}: {found:?}");
    }
    assert_eq!(against_the_arrows("model/view.rs", "#[cfg(test)]\nuse crate::server::Server;"), [""; 0]);
    for (name, _) in ARROWS {
        let map = read("src/lib.rs");
        let gone = unmapped(&map.replace(&format!("pub mod {name};"), ""));
        assert!(
            gone.iter().any(|found| found.starts_with(&format!("src/lib.rs declares no {name}, "))),
            "{gone:?}"
        );
        let untold = unmapped(&map.replace(&format!("[`{name}`]"), name));
        assert_eq!(untold, [format!("src/lib.rs does not say what {name} is for")]);
    }
}

#[test]
fn the_import_reader_sees_what_it_should() {
    let text = "use crate::{clock::Instant, github::{Client, Reason}, owner::Owner};\nfn f(x: crate::model::State) {}";
    let expected = ["clock", "github", "model", "owner"].map(str::to_owned);
    assert_eq!(imports(text), expected.into());
    assert!(uses("let x = std::env::vars();", "std::env::") && !uses("use xhyper::y;", "hyper"));
}
