//! The program as a process of its own under siege: by peers that never ask, by answers that never end, and by whoever
//! would like to read its secrets.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use github_copilot_exporter::simulator::{Options, Simulator};
use serde_json::json;

use crate::{
    company::{noon, options},
    faults::{is_latest, ok},
    hostile::{Good, Hostile, Wire, answer, gzip_bomb, unmeasured},
    program::{Running, exporter},
    support::{Patience, Scrape},
};

/// Connections that stay open.
const MANY: usize = 1000;

fn small() -> Options {
    Options { orgs: 1, teams: 2, users: 60, shards: 1, now: Some(noon()), ..options() }
}

async fn scrape(url: &str) -> Scrape {
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 200);
    Scrape::read(response.text().await.unwrap())
}

/// Leaves the machine to what is waited for.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// Scrapes until it holds.
async fn until(url: &str, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    let patience = Patience::new();
    loop {
        let scrape = scrape(url).await;
        if holds(&scrape) {
            return scrape;
        }
        patience.check(&format!("{what}\n{}", scrape.text));
        pause().await;
    }
}

fn failures(scrape: &Scrape, word: &str) -> f64 {
    let reason = format!(r#"reason="{word}""#);
    scrape.sum("github_copilot_exporter_source_failures_total", &[&reason])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_is_answered_while_a_thousand_silent_or_dripping_connections_stay_open() {
    let simulator = Simulator::start(small()).await.unwrap();
    let company = simulator.announcement();
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &*company.orgs[0]),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
    ];
    let running = Running::start(exporter(&[], &variables));
    let address = running.address();
    let url = format!("http://{address}/metrics");
    // One that says nothing, two in the middle of a head, one that does not read its answers.
    let beginnings = [
        "",
        "GET /metr",
        "GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: ",
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    let mut besiegers = Vec::new();
    for beginning in beginnings.iter().cycle().take(MANY) {
        let mut stream = TcpStream::connect(&address).unwrap();
        // Whoever was sent away already has an open connection here all the same.
        let _ = stream.write_all(beginning.as_bytes());
        besiegers.push(stream);
        if besiegers.len().is_multiple_of(50) {
            scrape(&url).await;
        }
    }
    for _ in 0..10 {
        for stream in &mut besiegers {
            let _ = stream.write_all(b"x");
        }
        scrape(&url).await;
    }
    until(&url, "figures", |scrape| scrape.of("github_copilot_total_active_users", &[]).count() > 0).await;
    drop(besiegers);
    assert!(running.terminate().0.success());
}

/// A process that refreshes every second behind a hostile socket, and everything it writes.
struct Besieged {
    child: Child,
    dir: tempfile::TempDir,
    metrics: String,
    page: String,
}

impl Besieged {
    async fn start(simulator: &Simulator, hostile: &Hostile, token: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let company = simulator.announcement();
        let variables = [
            ("GITHUB_API_URL", &*hostile.base),
            ("GITHUB_TOKEN", token),
            ("GITHUB_ORGS", &*company.orgs[0]),
            ("GITHUB_COPILOT_API", "reports"),
            ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
            ("EXPORTER_REFRESH_INTERVAL", "1s"),
            ("EXPORTER_SOURCES", "activity"),
            ("EXPORTER_LOG_LEVEL", "trace"),
            ("RUST_BACKTRACE", "full"),
        ];
        let file = |name: &str| Stdio::from(fs::File::create(dir.path().join(name)).unwrap());
        let mut command = exporter(&[], &variables);
        let child = command.stdout(file("out")).stderr(file("err")).spawn().unwrap();
        let patience = Patience::new();
        let address = loop {
            patience.check("where it serves");
            let log = written(dir.path());
            let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next());
            if let Some(address) = address.filter(|_| log.contains("message=serving")) {
                break address.to_owned();
            }
            pause().await;
        };
        let (metrics, page) = (format!("http://{address}/metrics"), format!("http://{address}/"));
        Self { child, dir, metrics, page }
    }

    /// The most memory it has had, in KiB.
    fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Spoils the answers until the log has the word, and lets the next one be.
    async fn bears(&self, hostile: &Hostile, trial: &Trial) -> String {
        let word = format!(" reason={} ", trial.word);
        let told = || written(self.dir.path()).matches(&word).count();
        let before = told();
        hostile.spoil(trial.concerns, trial.spoil);
        let patience = Patience::new();
        while told() == before {
            patience.check(trial.what);
            pause().await;
        }
        assert!(hostile.heal() > 0, "{}", trial.what);
        self.served().await
    }

    /// All that is served.
    async fn served(&self) -> String {
        let page = reqwest::get(&self.page).await.unwrap().text().await.unwrap();
        scrape(&self.metrics).await.text + &page
    }

    /// Waits until all is well.
    async fn heals(&self) {
        let up = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_up", &[]) == 1.0;
        until(&self.metrics, "all is well", up).await;
    }
}

impl Drop for Besieged {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both outputs so far.
fn written(dir: &Path) -> String {
    let mut all = Vec::new();
    for name in ["out", "err"] {
        fs::File::open(dir.join(name)).unwrap().read_to_end(&mut all).unwrap();
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer that goes wrong.
struct Trial {
    what: &'static str,
    word: &'static str,
    concerns: fn(&str) -> bool,
    spoil: fn(&Good) -> Wire,
}

fn is_file(target: &str) -> bool {
    target.starts_with("/downloads/") && target.contains("/entity-28-day/")
}

/// A token that looks like one of GitHub's, which the simulator knows.
const TOKEN: &str = "ghp_0123456789abcdefSECRETTOKEN";
/// A signature that no link has that came by honestly.
const SIGNED: &str = "51GNATUREOFAL1NK";

const LEAKS: &[Trial] = &[
    Trial {
        what: "an error that quotes the token",
        word: "unauthorized",
        concerns: is_latest,
        spoil: |_| {
            let message = format!("Bad credentials: Bearer {TOKEN}");
            Wire::Bytes(answer("401 Unauthorized", "", json!({"message": message}).to_string()))
        },
    },
    Trial {
        what: "an answer that quotes token and links",
        word: "decode",
        concerns: is_latest,
        spoil: |good| Wire::Bytes(ok([b"{\"", TOKEN.as_bytes(), b"\"", &*good.body].concat())),
    },
    Trial {
        what: "a redirect with the token in it",
        word: "rejected",
        concerns: is_latest,
        spoil: |_| {
            let location = format!("location: https://evil.example/?token={TOKEN}&sig={SIGNED}\r\n");
            Wire::Bytes(answer("302 Found", &location, ""))
        },
    },
    Trial {
        what: "a link to another host",
        word: "rejected",
        concerns: is_latest,
        spoil: |_| link(&format!("https://evil.example/f?sig={SIGNED}")),
    },
    Trial {
        what: "a link to a port where nobody is",
        word: "network",
        concerns: is_latest,
        spoil: |_| link(&format!("http://127.0.0.2:9/f?sig={SIGNED}")),
    },
    Trial {
        what: "a link that speaks no TLS",
        word: "network",
        concerns: is_latest,
        spoil: |good| link(&format!("{}/f?sig={SIGNED}", good.base.replace("http:", "https:"))),
    },
    Trial {
        what: "a link that is refused",
        word: "rejected",
        concerns: is_file,
        spoil: |_| Wire::Bytes(answer("403 Forbidden", "", format!("<Error>sig={SIGNED}</Error>"))),
    },
    Trial {
        what: "a file that redirects",
        word: "rejected",
        concerns: is_file,
        spoil: |_| {
            let location = format!("location: https://evil.example/f?sig={SIGNED}\r\n");
            Wire::Bytes(answer("307 Temporary Redirect", &location, ""))
        },
    },
    Trial {
        what: "a file that breaks off",
        word: "network",
        concerns: is_file,
        spoil: |good| Wire::Reset(ok(&good.body)[..200].into()),
    },
    Trial {
        what: "a file that quotes its link",
        word: "decode",
        concerns: is_file,
        spoil: |good| Wire::Bytes(ok(format!("{{\"{}\": {SIGNED}}}", good.target))),
    },
];

const BOMBS: &[Trial] = &[
    Trial {
        what: "a gzip bomb",
        word: "too_large",
        concerns: is_latest,
        spoil: |_| {
            let (head, piece) = gzip_bomb(b"[\"", b' ', 4);
            Wire::Endless(unmeasured("content-encoding: gzip\r\n", &head), piece)
        },
    },
    Trial {
        what: "a gigantic line",
        word: "too_large",
        concerns: is_latest,
        spoil: |_| Wire::Endless(unmeasured("", b"[\""), vec![b'x'; 1 << 16]),
    },
    Trial {
        what: "a file that is a gzip bomb",
        word: "too_large",
        concerns: is_file,
        spoil: |_| {
            let (head, piece) = gzip_bomb(b"{\"", b' ', 4);
            Wire::Endless(unmeasured("", &head), piece)
        },
    },
    Trial {
        what: "a file that is a gigantic line",
        word: "too_large",
        concerns: is_file,
        spoil: |_| Wire::Endless(unmeasured("", b"{\""), vec![b'x'; 1 << 16]),
    },
];

fn link(to: &str) -> Wire {
    Wire::Bytes(ok(json!({"download_links": [to]}).to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_signed_links_are_found_nowhere_whatever_goes_wrong() {
    let token = format!("{TOKEN}=manage_billing:copilot+read:org+read:enterprise");
    let simulator =
        Simulator::start(Options { tokens: vec![token.parse().unwrap()], ..small() }).await.unwrap();
    let hostile = Hostile::before(&simulator).await;
    let besieged = Besieged::start(&simulator, &hostile, TOKEN).await;
    let mut said = String::new();
    besieged.heals().await;
    for trial in LEAKS {
        said += &besieged.bears(&hostile, trial).await;
    }
    // What is served is rendered every ten seconds: once more with the last of them.
    hostile.spoil(LEAKS[0].concerns, LEAKS[0].spoil);
    until(&besieged.metrics, "a failure", |scrape| failures(scrape, LEAKS[0].word) > 0.0).await;
    said += &besieged.served().await;
    hostile.heal();
    besieged.heals().await;
    said += &written(besieged.dir.path());
    assert!(said.contains("level=debug") && said.contains("reason=rejected"), "it wrote down what happened");
    let signatures = hostile.signatures();
    assert!(signatures.len() > 3 && signatures.iter().all(|signature| signature.len() >= 16));
    // Parts of them are secrets, too.
    let parts = signatures.iter().map(|signature| signature[..12].to_owned());
    for secret in parts.chain([TOKEN[4..].to_owned(), "SECRETTOKEN".to_owned(), SIGNED.to_owned()]) {
        let found = said.lines().find(|line| line.contains(&secret));
        assert_eq!(found, None, "{secret} was written or served");
    }
}

/// More than the largest answer, the text it is read into growing, and the process itself.
const MOST_KIB: u64 = 224 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_end_are_given_up_and_never_held() {
    let simulator = Simulator::start(small()).await.unwrap();
    let hostile = Hostile::before(&simulator).await;
    let token = simulator.announcement().token;
    let besieged = Besieged::start(&simulator, &hostile, &token).await;
    for trial in BOMBS {
        besieged.bears(&hostile, trial).await;
    }
    besieged.heals().await;
    let peak = besieged.peak_kib();
    assert!(peak < MOST_KIB, "{peak} KiB at the peak");
}
