//! What a scrape costs, beside nginx that sends the same bytes from a file.

use std::{
    fmt::Write,
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    client::{Client, free_port, is_up, wait_for},
    process::{Running, beside_last_processor, exporter},
    stats::Sample,
};

/// The rounds of each comparison, of both servers each.
const ROUNDS: usize = 9;

/// The scrapes of the other comparison, of each server.
const ALONE: usize = 15;

/// How long a round takes for each.
const ROUND: Duration = Duration::from_millis(700);

/// Companies whose exposition has about so many megabytes: people, and teams.
const SIZES: [(&str, &str, &str); 2] = [("1 MB", "290", "18"), ("10 MB", "3200", "186")];

/// A line of the table.
struct Comparison {
    size: &'static str,
    bytes: usize,
    gzip: bool,
    connections: usize,
    /// CPU for a request, in microseconds.
    exporter: Sample,
    nginx: Sample,
    /// The one by the other, round by round.
    ratio: Sample,
    /// Requests in a second.
    rates: [Sample; 2],
}

/// A server and how it is asked.
struct Server<'r> {
    running: &'r Running,
    port: u16,
}

/// The comparisons as a table.
pub fn report(program: &Path) -> String {
    let mut text = String::from(
        "| answer | encoding | connections | exporter, µs CPU | nginx, µs CPU | ratio (1.2 promised) | exporter, requests/s | nginx, requests/s |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let mut alone = String::from(
        "\n| one scrape a second | encoding | exporter, µs CPU | nginx, µs CPU |\n|---|---|---|---|\n",
    );
    beside_last_processor(|| {
        for (size, users, teams) in SIZES {
            compare(program, size, users, teams, &mut text, &mut alone);
        }
    });
    text + &alone
}

fn line(text: &mut String, comparison: Comparison) {
    let Comparison { size, bytes, gzip, connections, exporter, nginx, ratio, rates: [own, other] } =
        comparison;
    let encoding = if gzip { format!("gzip, {bytes} bytes") } else { format!("plain, {bytes} bytes") };
    writeln!(
        text,
        "| {size} | {encoding} | {connections} | {exporter:.0} | {nginx:.0} | {ratio:.2} | {own:.0} | {other:.0} |"
    )
    .expect("memory takes it");
}

fn compare(
    program: &Path,
    size: &'static str,
    users: &str,
    teams: &str,
    text: &mut String,
    alone: &mut String,
) {
    let (_github, company) = Running::company(program, &["--users", users, "--teams", teams]);
    let port = free_port();
    let variables = [("EXPORTER_TEAM_DETAIL", "all"), ("EXPORTER_SOURCES", "activity,teams")];
    let exporter = Running::start_pinned(&exporter(program, &company, port, &variables));
    wait_for(port, Duration::from_millis(200), |text| is_up(text, "activity") && is_up(text, "teams"));
    // What comes last is rendered ten seconds later at the latest.
    thread::sleep(Duration::from_secs(11));
    let directory = tempfile::tempdir().expect("a directory for files");
    let (nginx, nginx_port) = nginx(&directory, port);
    let servers = [Server { running: &exporter, port }, Server { running: &nginx, port: nginx_port }];
    for gzip in [false, true] {
        for connections in [1, 8] {
            eprintln!("scrape: {size}, gzip {gzip}, {connections} connections");
            line(text, measure(&servers, size, gzip, connections));
        }
        eprintln!("scrape: {size}, gzip {gzip}, one a second");
        let [exporter, nginx] = one_a_second(&servers, gzip);
        let encoding = if gzip { "gzip" } else { "plain" };
        writeln!(alone, "| {size} | {encoding} | {exporter:.0} | {nginx:.0} |").expect("memory takes it");
    }
}

/// CPU of scrapes that come as seldom as those of a Prometheus, in microseconds: the process is read anew for each.
fn one_a_second(servers: &[Server<'_>; 2], gzip: bool) -> [Sample; 2] {
    let mut costs = [const { Vec::new() }; 2];
    for _ in 0..ALONE {
        thread::sleep(Duration::from_millis(1100));
        for (server, costs) in servers.iter().zip(&mut costs) {
            let before = server.running.cpu_of_threads();
            Client::connect(server.port, "/metrics", gzip)
                .and_then(|mut client| client.ask())
                .expect("it answers");
            // The last of its threads goes to sleep when the answer is long read.
            thread::sleep(Duration::from_millis(20));
            costs.push((server.running.cpu_of_threads() - before).as_secs_f64() * 1e6);
        }
    }
    costs.map(Sample::of)
}

fn measure(servers: &[Server<'_>; 2], size: &'static str, gzip: bool, connections: usize) -> Comparison {
    let bytes = Client::connect(servers[0].port, "/metrics", gzip).and_then(|mut client| client.ask());
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        // Whoever is asked first finds the machine as the other has left it: in turn.
        let [mut own, mut other] = [(0.0, 0.0); 2];
        for first in [number % 2 == 0, number % 2 != 0] {
            *if first { &mut own } else { &mut other } =
                round(&servers[usize::from(!first)], gzip, connections);
        }
        rounds.push([own, other]);
    }
    let costs = |server: usize| Sample::of(rounds.iter().map(|round| round[server].0 * 1e6));
    Comparison {
        size,
        bytes: bytes.expect("it answers"),
        gzip,
        connections,
        exporter: costs(0),
        nginx: costs(1),
        ratio: Sample::of(rounds.iter().map(|[exporter, nginx]| exporter.0 / nginx.0)),
        rates: [0, 1].map(|server| Sample::of(rounds.iter().map(|round| round[server].1))),
    }
}

/// CPU seconds for a request, and requests in a second.
fn round(server: &Server<'_>, gzip: bool, connections: usize) -> (f64, f64) {
    let (before, begun) = (server.running.cpu(), Instant::now());
    let ask = || {
        let mut client = Client::connect(server.port, "/metrics", gzip).expect("it listens");
        let mut count = 0_u32;
        while begun.elapsed() < ROUND {
            client.ask().expect("it answers");
            count += 1;
        }
        count
    };
    let count: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it has ended well")).sum()
    });
    let cpu = (server.running.cpu() - before).as_secs_f64();
    (cpu / f64::from(count), f64::from(count) / begun.elapsed().as_secs_f64())
}

/// nginx with the bytes that the exporter serves, as files: one process, sendfile, and the compressed file beside.
fn nginx(directory: &TempDir, exporter: u16) -> (Running, u16) {
    let (root, port) = (directory.path(), free_port());
    for (name, gzip) in [("metrics", false), ("metrics.gz", true)] {
        let body = Client::connect(exporter, "/metrics", gzip).and_then(|mut client| client.body());
        fs::write(root.join(name), body.expect("it answers")).expect("the disk has room");
    }
    let configuration = format!(
        "daemon off; pid {root}/pid; master_process off; error_log {root}/errors;\n\
         events {{}}\n\
         http {{\n\
           access_log off; sendfile on; tcp_nopush on; gzip_static on; keepalive_requests 1000000000;\n\
           open_file_cache max=10; open_file_cache_valid 1h;\n\
           client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;\n\
           uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;\n\
           default_type 'text/plain; version=0.0.4; charset=utf-8';\n\
           server {{ listen 127.0.0.1:{port}; root {root}; }}\n\
         }}\n",
        root = root.display()
    );
    let file = root.join("nginx.conf");
    fs::write(&file, configuration).expect("the disk has room");
    // In Debian's nginx-light.
    let running = Running::start_pinned(Command::new("nginx").arg("-p").arg(root).arg("-c").arg(&file));
    wait_for(port, Duration::from_millis(20), |_| true);
    (running, port)
}
