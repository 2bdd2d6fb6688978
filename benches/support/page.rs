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

/// When, of what, and on what it was measured.
pub fn measured() -> String {
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
    let revision = env!("BUILD_REVISION");
    format!("Measured {today}, commit {revision}: {cpu}, {cores} cores, {memory}, Linux {}.", kernel.trim())
}
