//! Writes what was measured into its section of `docs/performance.md`.

use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");

/// Puts a text between the two marks of a section.
///
/// # Panics
/// If the page has no such section.
#[allow(clippy::print_stdout, reason = "who waits wants to see it")]
pub fn write(section: &str, text: &str) {
    println!("{text}");
    let page = fs::read_to_string(PAGE).expect("docs/performance.md is there");
    let begin = format!("<!-- {section}: written by make bench -->\n");
    let (head, rest) = page.split_once(&begin).expect("the section is there");
    let (_, tail) = rest.split_once("<!-- end -->").expect("it ends");
    fs::write(PAGE, format!("{head}{begin}{text}\n<!-- end -->{tail}")).expect("it can be written");
}

/// The sections of the page, which can be named to measure only those.
const SECTIONS: [&str; 4] = ["start", "scrape", "refresh", "rendering"];

/// Whether a section is to be measured: `cargo bench` has asked, and for this or for none by name.
///
/// # Panics
/// If something else is asked for.
pub fn is_wanted(section: &str, arguments: &[String]) -> bool {
    let (options, names): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let strange = names.iter().find(|name| !SECTIONS.contains(&name.as_str()));
    assert!(strange.is_none(), "{strange:?} is none of {SECTIONS:?}");
    // `cargo test --benches` does not, and nobody wants the page written by it.
    options.iter().any(|option| *option == "--bench")
        && (names.is_empty() || names.iter().any(|name| *name == section))
}

/// When, of which program, and on what it was measured.
pub fn measured(program: &str) -> String {
    #[allow(clippy::disallowed_methods, reason = "it is for people")]
    let today = chrono::Utc::now().date_naive();
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':']).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (cpu, memory) = (field("/proc/cpuinfo", "model name"), field("/proc/meminfo", "MemTotal"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Measured {today}: {program}; {cpu}, {cores} cores, {memory}, Linux {}.", kernel.trim())
}
