//! The fault matrix: every way in which an answer of GitHub, or a file of a report, can go wrong, at every place where it
//! is asked for.
//!
//! Each row is the same story. The exporter shows good figures; the answer goes wrong; the process works on, scrapes are
//! answered, the last good figures stay, and the one word for it stands in the log, in the counter and on the page; then
//! the answer is good again, and so is the exporter, without a restart and with what is new.

use std::{fs, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use github_copilot_exporter::{
    clock::Clock,
    github::Reason,
    simulator::{Options, Simulator},
};
use serde_json::{Value, json};

use crate::{
    company::{NOON, noon, options},
    hostile::{Good, Hostile, Wire, answer, gzip_bomb, unmeasured},
    support::{Exporter, Log, ManualClock, Scrape},
};

/// Something that goes wrong, whatever was asked for.
pub struct Fault {
    /// As the document calls it.
    pub what: &'static str,
    /// What the exporter calls it.
    pub word: Reason,
    spoil: fn(&Good) -> Wire,
}

const fn fault(what: &'static str, word: Reason, spoil: fn(&Good) -> Wire) -> Fault {
    Fault { what, word, spoil }
}

/// What goes wrong with answers of the API.
pub const ANSWERS: &[Fault] = &[
    fault("status 400", Reason::Rejected, |_| status("400 Bad Request")),
    fault("status 401", Reason::Unauthorized, |_| status("401 Unauthorized")),
    fault("status 402", Reason::Rejected, |_| status("402 Payment Required")),
    fault("status 403", Reason::Forbidden, |_| status("403 Forbidden")),
    fault("status 403, the policy is switched off", Reason::PolicyDisabled, |_| {
        refusal("403 Forbidden", "", "The 'Copilot usage metrics' policy must be enabled to use this API")
    }),
    fault("status 403, nothing remains of the limit", Reason::RateLimited, |_| {
        refusal(
            "403 Forbidden",
            "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: 0\r\n",
            "API rate limit exceeded",
        )
    }),
    fault("status 403 with Retry-After", Reason::RateLimited, |_| {
        refusal("403 Forbidden", "retry-after: 60\r\n", "You have exceeded a secondary rate limit")
    }),
    fault("status 404", Reason::NotFound, |_| status("404 Not Found")),
    fault("status 409", Reason::Rejected, |_| status("409 Conflict")),
    fault("status 410", Reason::Unsupported, |_| status("410 Gone")),
    fault("status 418", Reason::Rejected, |_| status("418 I'm a teapot")),
    fault("status 422", Reason::Rejected, |_| status("422 Unprocessable Content")),
    fault("status 429", Reason::RateLimited, |_| status("429 Too Many Requests")),
    fault("status 429, Retry-After in a thousand years", Reason::RateLimited, |_| {
        refusal("429 Too Many Requests", "retry-after: 31536000000\r\n", "Slow down")
    }),
    fault("status 451", Reason::Rejected, |_| status("451 Unavailable For Legal Reasons")),
    fault("status 500", Reason::ServerError, |_| status("500 Internal Server Error")),
    fault("status 501", Reason::ServerError, |_| status("501 Not Implemented")),
    fault("status 502", Reason::ServerError, |_| status("502 Bad Gateway")),
    fault("status 503", Reason::ServerError, |_| status("503 Service Unavailable")),
    fault("status 504", Reason::ServerError, |_| status("504 Gateway Timeout")),
    fault("status 599", Reason::ServerError, |_| status("599 Whatever")),
    fault("status 999", Reason::Rejected, |_| status("999 Whatever")),
    fault("status 202", Reason::Rejected, |good| Wire::Bytes(answer("202 Accepted", "", &good.body))),
    fault("status 206", Reason::Rejected, |good| Wire::Bytes(answer("206 Partial Content", "", &good.body))),
    fault("an error whose body is no JSON", Reason::ServerError, |_| {
        Wire::Bytes(answer("502 Bad Gateway", "", "<html>\0\u{1b}[31m"))
    }),
    fault("a redirect loop", Reason::Rejected, |good| redirect(&good.target)),
    fault("a redirect to another host", Reason::Rejected, |_| redirect("http://127.0.0.2:9/elsewhere")),
    fault("a redirect to nowhere", Reason::Rejected, |_| redirect("http://[")),
    fault("a redirect without a target", Reason::Rejected, |_| Wire::Bytes(answer("302 Found", "", ""))),
    fault("a next page on another host", Reason::Decode, |good| {
        let link = "link: <http://127.0.0.2:9/elsewhere>; rel=\"next\"\r\n";
        Wire::Bytes(answer("200 OK", link, &good.body))
    }),
    fault("a reset instead of an answer", Reason::Network, |_| Wire::Reset(Vec::new())),
    fault("a reset in the middle of the body", Reason::Network, |good| Wire::Reset(half(&ok(&good.body)))),
    fault("the connection ends without a word", Reason::Network, |_| Wire::Bytes(Vec::new())),
    fault("the connection ends in the head", Reason::Network, |_| {
        Wire::Bytes(b"HTTP/1.1 200 OK\r\ncontent-".into())
    }),
    fault("a body that breaks off", Reason::Network, |good| Wire::Bytes(but_one(&ok(&good.body)))),
    fault("chunks that break off", Reason::Network, |good| {
        let chunk = [format!("{:x}\r\n", good.body.len() + 1).as_bytes(), &good.body].concat();
        Wire::Bytes(unmeasured("transfer-encoding: chunked\r\n", &chunk))
    }),
    fault("a chunk whose length is no number", Reason::Network, |_| {
        Wire::Bytes(unmeasured("transfer-encoding: chunked\r\n", b"many\r\n[]\r\n0\r\n\r\n"))
    }),
    fault("a length that is too short", Reason::Decode, |good| {
        let length = good.body.len() / 2;
        let whole =
            [format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").as_bytes(), &good.body].concat();
        Wire::Bytes(whole)
    }),
    fault("a length that is no number", Reason::Network, |good| {
        Wire::Bytes(unmeasured("content-length: -1\r\n", &good.body))
    }),
    fault("two lengths", Reason::Network, |good| {
        Wire::Bytes(unmeasured("content-length: 2\r\ncontent-length: 3\r\n", &good.body))
    }),
    fault("something else than HTTP", Reason::Network, |_| Wire::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".into())),
    fault("a head without an end", Reason::Network, |_| {
        Wire::Endless(b"HTTP/1.1 200 OK\r\n".into(), b"x-more: and more\r\n".repeat(1000))
    }),
    fault("an empty body", Reason::Decode, |_| Wire::Bytes(ok(""))),
    fault("a proxy's page", Reason::Decode, |_| Wire::Bytes(ok("<!DOCTYPE html><title>Sign in</title>"))),
    fault("a wrong type around everything", Reason::Decode, |_| Wire::Bytes(ok("[[7]]"))),
    fault("a wrong type within", Reason::Decode, |good| Wire::Bytes(ok(wrong_leaves(good)))),
    fault("truncated JSON", Reason::Decode, |good| Wire::Bytes(ok(but_one(&good.body)))),
    fault("invalid JSON", Reason::Decode, |good| Wire::Bytes(ok([b"{'a'}", &*good.body].concat()))),
    fault("more behind the JSON", Reason::Decode, |good| Wire::Bytes(ok([&*good.body, b"]"].concat()))),
    fault("invalid UTF-8", Reason::Decode, |good| Wire::Bytes(ok(without_utf_8(&good.body)))),
    fault("UTF-16", Reason::Decode, |good| {
        let text = String::from_utf8(good.body.clone()).unwrap();
        Wire::Bytes(ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()))
    }),
    fault("brackets without end", Reason::Decode, |_| Wire::Bytes(ok(b"[".repeat(1 << 20)))),
    fault("gzip that is none", Reason::Network, |good| {
        Wire::Bytes(answer("200 OK", "content-encoding: gzip\r\n", &good.body))
    }),
    fault("gzip that breaks off", Reason::Network, |_| {
        let (head, piece) = gzip_bomb(b"[", b' ', 1);
        Wire::Bytes(answer("200 OK", "content-encoding: gzip\r\n", [head, half(&piece)].concat()))
    }),
    fault("a gzip bomb", Reason::TooLarge, |_| {
        let (head, piece) = gzip_bomb(b"[\"", b' ', 4);
        Wire::Endless(unmeasured("content-encoding: gzip\r\n", &head), piece)
    }),
    fault("a gigantic line", Reason::TooLarge, |_| {
        Wire::Endless(unmeasured("", b"[\""), vec![b'x'; 1 << 16])
    }),
    fault("silence", Reason::Timeout, |_| Wire::Silence(Vec::new())),
    fault("silence in the middle of the body", Reason::Timeout, |good| {
        Wire::Silence(but_one(&ok(&good.body)))
    }),
    fault("an answer that drips", Reason::Timeout, |good| Wire::Drip(ok(&good.body))),
];

/// What goes wrong with figures of the usage API.
pub const FIGURES: &[Fault] = &[
    fault("a number beyond every integer", Reason::Decode, |good| number(good, "9223372036854775808")),
    fault("a number beyond every number", Reason::Decode, |good| number(good, "1e999")),
    fault("a fraction", Reason::Decode, |good| number(good, "1.5")),
    fault("a number in quotes", Reason::Decode, |good| number(good, "\"7\"")),
    fault("a day that is none", Reason::Decode, |good| day(good, "2026-02-30")),
    fault("a day before Copilot", Reason::Decode, |good| day(good, "1970-01-01")),
    fault("a day of a year with five digits", Reason::Decode, |good| day(good, "+12026-11-19")),
];

/// The same with another number of suggestions.
fn number(good: &Good, number: &str) -> Wire {
    replaced(good, "\"total_suggestions_count\":", number)
}

/// The same with another day.
fn day(good: &Good, day: &str) -> Wire {
    replaced(good, "\"day\":", &format!("\"{day}\""))
}

/// The same with another value behind the first such field.
fn replaced(good: &Good, field: &str, value: &str) -> Wire {
    let text = String::from_utf8(good.body.clone()).unwrap();
    let (before, after) = text.split_once(field).unwrap();
    let rest = after.find([',', '}']).unwrap();
    Wire::Bytes(ok(format!("{before}{field}{value}{}", &after[rest..])))
}

/// What goes wrong with the links to files of reports.
pub const LINKS: &[Fault] = &[
    fault("a link to another host", Reason::Rejected, |_| {
        link("https://copilot-reports.evil.example/f?sig=SIGNED")
    }),
    fault("a link without TLS", Reason::Rejected, |_| link("http://copilot-reports.github.com/f?sig=SIGNED")),
    fault("a link with a password", Reason::Rejected, |good| {
        link(&format!("{}/f?sig=SIGNED", good.base.replace("//", "//user:password@")))
    }),
    fault("a link to a file of this machine", Reason::Rejected, |_| link("file:///etc/passwd")),
    fault("a link that is no address", Reason::Decode, |_| link("copilot-reports")),
    fault("a link to a port where nobody is", Reason::Network, |_| link("http://127.0.0.2:9/f?sig=SIGNED")),
    fault("a link that speaks no TLS", Reason::Network, |good| link(&good.base.replace("http:", "https:"))),
    fault("a link that GitHub refuses", Reason::Rejected, |good| {
        link(&format!("{}/downloads/f?sig=SIGNED", good.base))
    }),
    fault("links of a wrong type", Reason::Decode, |_| Wire::Bytes(ok(r#"{"download_links": {"0": "x"}}"#))),
];

/// What goes wrong with files of reports.
pub const FILES: &[Fault] = &[
    fault("status 403, the link has run out", Reason::Rejected, |_| status("403 Forbidden")),
    fault("status 404", Reason::Rejected, |_| status("404 Not Found")),
    fault("status 429", Reason::Rejected, |_| status("429 Too Many Requests")),
    fault("status 500", Reason::ServerError, |_| status("500 Internal Server Error")),
    fault("status 503", Reason::ServerError, |_| status("503 Service Unavailable")),
    fault("status 206", Reason::Rejected, |good| Wire::Bytes(answer("206 Partial Content", "", &good.body))),
    fault("a redirect loop", Reason::Rejected, |good| redirect(&good.target)),
    fault("a redirect to another host", Reason::Rejected, |_| redirect("https://evil.example/f?sig=SIGNED")),
    fault("a reset instead of a file", Reason::Network, |_| Wire::Reset(Vec::new())),
    fault("a reset in the middle of the file", Reason::Network, |good| Wire::Reset(half(&ok(&good.body)))),
    fault("the connection ends without a word", Reason::Network, |_| Wire::Bytes(Vec::new())),
    fault("a file that breaks off", Reason::Network, |good| Wire::Bytes(but_one(&ok(&good.body)))),
    fault("chunks that break off", Reason::Network, |good| {
        let chunk = [format!("{:x}\r\n", good.body.len() + 1).as_bytes(), &good.body].concat();
        Wire::Bytes(unmeasured("transfer-encoding: chunked\r\n", &chunk))
    }),
    fault("something else than HTTP", Reason::Network, |_| Wire::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".into())),
    fault("a proxy's page", Reason::Decode, |_| Wire::Bytes(ok("<!DOCTYPE html><title>Sign in</title>"))),
    fault("a sentence", Reason::Decode, |_| Wire::Bytes(ok("\"The report is not ready.\""))),
    fault("a wrong type within", Reason::Decode, |good| Wire::Bytes(ok(wrong_leaves(good)))),
    fault("a truncated line", Reason::Decode, |good| {
        Wire::Bytes(ok(&good.body.trim_ascii()[..good.body.len() / 2]))
    }),
    fault("invalid JSON", Reason::Decode, |good| Wire::Bytes(ok([b"{'a'}\n", &*good.body].concat()))),
    fault("invalid UTF-8", Reason::Decode, |good| Wire::Bytes(ok(without_utf_8(&good.body)))),
    fault("an array that breaks off", Reason::Decode, |good| Wire::Bytes(ok([b"[", &*good.body].concat()))),
    fault("brackets without end", Reason::Decode, |_| Wire::Bytes(ok(b"{\"a\":".repeat(1 << 18)))),
    fault("gzip that is damaged", Reason::Decode, |good| {
        Wire::Bytes(ok([b"\x1f\x8b", &*good.body].concat()))
    }),
    fault("gzip that breaks off", Reason::Decode, |_| {
        let (head, piece) = gzip_bomb(b"{\"", b' ', 1);
        Wire::Bytes(ok([head, half(&piece)].concat()))
    }),
    fault("a gzip bomb", Reason::TooLarge, |_| {
        let (head, piece) = gzip_bomb(b"{\"", b' ', 4);
        Wire::Endless(unmeasured("", &head), piece)
    }),
    fault("a gzip bomb that HTTP unpacks", Reason::TooLarge, |_| {
        let (head, piece) = gzip_bomb(b"{\"", b' ', 4);
        Wire::Endless(unmeasured("content-encoding: gzip\r\n", &head), piece)
    }),
    fault("a gigantic line", Reason::TooLarge, |_| {
        Wire::Endless(unmeasured("", b"{\""), vec![b'x'; 1 << 16])
    }),
    fault("silence", Reason::Timeout, |_| Wire::Silence(Vec::new())),
    fault("silence in the middle of the file", Reason::Timeout, |good| {
        Wire::Silence(but_one(&ok(&good.body)))
    }),
    fault("a file that drips", Reason::Timeout, |good| Wire::Drip(ok(&good.body))),
];

/// What goes wrong with records about people.
pub const RECORDS: &[Fault] = &[
    fault("a record of another day", Reason::Decode, |good| {
        record(good, r#"{"day":"2031-01-01","user_id":1}"#)
    }),
    fault("a record of nobody", Reason::Decode, |good| record(good, r#"{"user_login":"mona"}"#)),
    fault("a record of 200,000 elements", Reason::Decode, |good| {
        let element = |number| format!(r#"{{"language":"l{number}"}}"#);
        let elements: Vec<_> = (0..200_000).map(element).collect();
        record(good, &format!(r#"{{"user_id":1,"totals_by_language_feature":[{}]}}"#, elements.join(",")))
    }),
];

/// The same file with one more record.
fn record(good: &Good, record: &str) -> Wire {
    Wire::Bytes(ok([&*good.body, record.as_bytes(), b"\n"].concat()))
}

fn link(to: &str) -> Wire {
    Wire::Bytes(ok(json!({"download_links": [to]}).to_string()))
}

pub fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "", body)
}

fn status(status: &str) -> Wire {
    refusal(status, "", "Not today")
}

fn refusal(status: &str, lines: &str, message: &str) -> Wire {
    Wire::Bytes(answer(status, lines, json!({"message": message, "documentation_url": "x"}).to_string()))
}

fn redirect(to: &str) -> Wire {
    Wire::Bytes(answer("302 Found", &format!("location: {to}\r\n"), ""))
}

fn half(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].into()
}

fn but_one(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() - 1].into()
}

/// The same JSON with an object wherever there was a number or a text.
fn wrong_leaves(good: &Good) -> String {
    fn wrong(value: &mut Value) {
        match value {
            Value::Object(fields) => fields.values_mut().for_each(wrong),
            Value::Array(items) => items.iter_mut().for_each(wrong),
            Value::Null => {}
            leaf => *leaf = json!({"wrong": 1}),
        }
    }
    let values = serde_json::Deserializer::from_slice(&good.body).into_iter();
    let spoilt = values.map(|value| {
        let mut value = value.unwrap();
        wrong(&mut value);
        format!("{value}\n")
    });
    spoilt.collect()
}

/// The same with a byte in front of every text that no text has.
fn without_utf_8(body: &[u8]) -> Vec<u8> {
    body.iter().flat_map(|byte| if *byte == b'"' { vec![b'"', 0xff] } else { vec![*byte] }).collect()
}

/// Something that is asked for.
pub struct Place {
    /// As the document calls it.
    pub what: &'static str,
    /// The test that tells its stories.
    pub test: &'static str,
    pub faults: &'static [Fault],
    /// The source that fails.
    source: &'static str,
    /// By which interface it is asked for, and which sources are asked at all.
    api: &'static str,
    sources: &'static str,
    pub concerns: fn(&str) -> bool,
    /// Which lines of the data must be there as they were while it goes wrong.
    stays: fn(&str) -> bool,
    /// Whether it is only asked for when there is a new day.
    pub of_new_days: bool,
}

/// An answer of the API.
const fn asked(
    what: &'static str,
    test: &'static str,
    [source, api]: [&'static str; 2],
    concerns: fn(&str) -> bool,
) -> Place {
    Place {
        what,
        test,
        faults: ANSWERS,
        source,
        api,
        sources: source,
        concerns,
        stays: |_| true,
        of_new_days: false,
    }
}

pub const PLACES: &[Place] = &[
    asked(
        "usage of an owner",
        "the_usage_of_an_owner_goes_wrong_in_every_way",
        ["activity", "usage"],
        |target| target.contains("/copilot/usage"),
    ),
    Place {
        faults: FIGURES,
        ..asked(
            "figures of the usage API",
            "figures_that_cannot_be_go_wrong_as_a_whole",
            ["activity", "usage"],
            |target| target.contains("/copilot/usage"),
        )
    },
    asked("list of teams", "the_list_of_teams_goes_wrong_in_every_way", ["teams", "usage"], |target| {
        target.contains("/teams?")
    }),
    asked("usage of a team", "the_usage_of_teams_goes_wrong_in_every_way", ["teams", "usage"], |target| {
        target.contains("/team/")
    }),
    asked("seats", "the_list_of_seats_goes_wrong_in_every_way", ["seats", "usage"], |target| {
        target.contains("/billing/seats")
    }),
    Place {
        // By the list people become idle meanwhile.
        stays: |line| line.contains("github_copilot_seats"),
        ..asked(
            "count of seats",
            "the_count_of_seats_goes_wrong_in_every_way",
            ["seats", "usage"],
            |target| target.ends_with("/copilot/billing"),
        )
    },
    asked("bill", "the_bill_goes_wrong_in_every_way", ["billing", "usage"], |target| {
        target.contains("/ai_credit/")
    }),
    asked("latest report", "the_latest_report_goes_wrong_in_every_way", ["activity", "reports"], is_latest),
    Place {
        faults: LINKS,
        ..asked(
            "links of a report",
            "the_links_of_a_report_go_wrong_in_every_way",
            ["activity", "reports"],
            is_latest,
        )
    },
    Place {
        faults: FILES,
        ..asked(
            "file of the latest report",
            "the_file_of_the_latest_report_goes_wrong_in_every_way",
            ["activity", "reports"],
            |target| target.starts_with("/downloads/") && target.contains("/entity-28-day/"),
        )
    },
    Place {
        faults: FILES,
        sources: "activity,teams",
        of_new_days: true,
        stays: is_of_teams,
        ..asked(
            "files about people",
            "the_files_about_people_go_wrong_in_every_way",
            ["activity", "reports"],
            |target| target.starts_with("/downloads/") && target.contains("/users-"),
        )
    },
    Place {
        faults: RECORDS,
        sources: "activity,teams",
        of_new_days: true,
        stays: is_of_teams,
        ..asked(
            "records about people",
            "records_about_people_that_cannot_be_go_wrong_as_a_whole",
            ["activity", "reports"],
            |target| target.starts_with("/downloads/") && target.contains("/users-"),
        )
    },
    Place {
        faults: FILES,
        sources: "activity,teams",
        of_new_days: true,
        stays: is_of_teams,
        ..asked(
            "files about teams",
            "the_files_about_teams_go_wrong_in_every_way",
            ["teams", "reports"],
            |target| target.starts_with("/downloads/") && target.contains("/user-teams-"),
        )
    },
];

pub fn is_latest(target: &str) -> bool {
    target.ends_with("/organization-28-day/latest")
}

/// What is told of teams on the day that is shown: of the owner itself there is news.
fn is_of_teams(line: &str) -> bool {
    line.contains("team=\"") && !line.contains("team=\"\"") && !line.contains("day=\"")
}

impl Place {
    /// Whether every source was read.
    pub fn is_up(&self, scrape: &Scrape) -> bool {
        let up: Vec<_> = scrape.of("github_copilot_exporter_source_up", &[]).collect();
        up.len() == self.sources.split(',').count() && up.iter().all(|(_, up)| *up == 1.0)
    }

    fn what_stays(&self, scrape: &Scrape) -> Vec<String> {
        scrape.data().lines().filter(|line| (self.stays)(line)).map(str::to_owned).collect()
    }
}

/// An exporter of one organisation behind a hostile socket.
pub struct Story {
    pub place: &'static Place,
    pub simulator: Simulator,
    pub hostile: Hostile,
    pub exporter: Exporter,
    pub log: Log,
    now: DateTime<Utc>,
    pub good: Scrape,
}

impl Story {
    /// Begins with good figures.
    pub async fn begin(place: &'static Place, more: &[(&str, &str)]) -> Self {
        let small = Options { orgs: 1, teams: 2, users: 60, shards: 1, ..options() };
        let simulator = Simulator::start(small).await.unwrap();
        let hostile = Hostile::before(&simulator).await;
        let company = simulator.announcement();
        let from_file = more.iter().any(|(name, _)| *name == "GITHUB_TOKEN_FILE");
        let own = [
            ("GITHUB_TOKEN", if from_file { "" } else { &*company.token }),
            ("GITHUB_ORGS", &*company.orgs[0]),
            ("GITHUB_COPILOT_API", place.api),
            ("EXPORTER_SOURCES", place.sources),
        ];
        let clock = ManualClock::starting(NOON);
        let log = Log::listen();
        let exporter = Exporter::start(&hostile.base, &clock, &[&own, more].concat()).await;
        let good = exporter.until("good figures", |scrape| place.is_up(scrape)).await;
        Self { place, simulator, hostile, exporter, log, now: noon(), good }
    }

    /// How often the source has failed since the last good figures, for this reason or any.
    fn failures(&self, scrape: &Scrape, word: &str) -> f64 {
        let source = format!(r#"source="{}""#, self.place.source);
        let labels = [&*source, word];
        let family = "github_copilot_exporter_source_failures_total";
        scrape.sum(family, &labels) - self.good.sum(family, &labels)
    }

    async fn tell(&mut self, fault: &Fault) {
        let what = format!("{}, {}", fault.what, self.place.what);
        self.log.take();
        self.hostile.spoil(self.place.concerns, fault.spoil);
        if self.place.of_new_days {
            self.a_day_passes();
        } else {
            self.exporter.clock.advance(3600);
        }
        self.fails(&what, fault.word).await;
        // A link that was told before would have expired by the time that it is followed.
        self.exporter.until_rest().await;
        // Whatever is read from here on has the news.
        self.simulator.set_now(self.now + TimeDelta::days(1));
        assert!(self.hostile.heal() > 0, "{what}");
        self.a_day_passes();
        self.heals(&what, fault.word).await;
    }

    /// It has gone wrong: what was good stays, and the word is told.
    async fn fails(&self, what: &str, word: Reason) {
        let (place, reason) = (self.place, reason(word));
        let failing = self
            .exporter
            .until(what, |scrape| !is_up(scrape, place.source) && self.failures(scrape, &reason) > 0.0)
            .await;
        assert_eq!(place.what_stays(&failing), place.what_stays(&self.good), "{what}");
        assert_eq!(self.exporter.get("/healthz").await.status(), 200, "{what}");
        let page = self.exporter.page().await;
        assert!(page.contains(&format!(r#"<code class="reason">{word}</code>"#)), "{what}: {page}");
    }

    /// It is good again: all is well, and the log has told the word as often as the counter, and no other.
    async fn heals(&mut self, what: &str, word: Reason) {
        let place = self.place;
        let since = self.exporter.clock.now().timestamp();
        let success = "github_copilot_exporter_source_last_success_timestamp_seconds";
        let duration = "github_copilot_exporter_refresh_duration_seconds";
        // By an attempt that began since then: one before may have ended well meanwhile, and another is under way.
        let is_well = |scrape: &Scrape| {
            place.is_up(scrape)
                && scrape.of(success, &[]).all(|(_, at)| at >= since as f64)
                && scrape.of(duration, &[]).all(|(_, took)| took < 3600.0)
        };
        let healed = self.exporter.until_by(10, &format!("healing of {what}"), is_well).await;
        let log = self.log.take();
        let told = times(&log, place.source, word);
        assert!(told > 0.0, "{what}: {log}");
        assert_eq!(self.failures(&healed, &reason(word)), told, "{what}: {log}");
        assert_eq!(self.failures(&healed, ""), told, "{what} has no other word: {log}");
        assert!(log.contains(r#"message="works again""#), "{what}: {log}");
        self.good = healed;
    }

    /// What time it is at GitHub.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// A day passes at GitHub and here.
    pub fn a_day_passes(&mut self) {
        self.now += TimeDelta::days(1);
        self.simulator.set_now(self.now);
        // The clock here is ahead by now.
        let left = self.now - self.exporter.clock.now();
        self.exporter.clock.advance(left.num_seconds());
    }
}

fn reason(word: Reason) -> String {
    format!(r#"reason="{word}""#)
}

fn is_up(scrape: &Scrape, source: &str) -> bool {
    let label = format!(r#"source="{source}""#);
    scrape.sum("github_copilot_exporter_source_up", &[&label]) == 1.0
}

/// How often something failed for this reason by what the log says.
fn times(log: &str, source: &str, reason: Reason) -> f64 {
    let lines = log.lines().filter(|line| {
        line.contains(&format!("source={source} ")) && line.contains(&format!(" reason={reason} "))
    });
    let count = |line: &str| {
        let failures = line.split("failures=").nth(1)?.split(' ').next()?.trim_matches('"');
        let of = failures.split(',').find_map(|one| one.strip_prefix(&format!("{reason}=")))?;
        of.parse::<f64>().ok()
    };
    lines.map(|line| count(line).unwrap_or_else(|| panic!("{line}"))).sum()
}

/// Tells every story of a place.
async fn tell(test: &str) {
    let place = PLACES.iter().find(|place| place.test == test).unwrap();
    // Those that end with the time limit have one that is short, the others one that no slow machine reaches.
    for (timeout, slow) in [("10m", false), ("1s", true)] {
        let mut story = Story::begin(place, &[("GITHUB_TIMEOUT", timeout)]).await;
        let first = story.good.clone();
        let faults: Vec<_> =
            place.faults.iter().filter(|fault| (fault.word == Reason::Timeout) == slow).collect();
        for fault in &faults {
            story.tell(fault).await;
        }
        assert_eq!(story.good.data() == first.data(), faults.is_empty(), "there was news every day");
        story.exporter.stop().await;
    }
}

#[tokio::test]
async fn the_usage_of_an_owner_goes_wrong_in_every_way() {
    tell("the_usage_of_an_owner_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn figures_that_cannot_be_go_wrong_as_a_whole() {
    tell("figures_that_cannot_be_go_wrong_as_a_whole").await;
}

#[tokio::test]
async fn the_list_of_teams_goes_wrong_in_every_way() {
    tell("the_list_of_teams_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_usage_of_teams_goes_wrong_in_every_way() {
    tell("the_usage_of_teams_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_list_of_seats_goes_wrong_in_every_way() {
    tell("the_list_of_seats_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_count_of_seats_goes_wrong_in_every_way() {
    tell("the_count_of_seats_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_bill_goes_wrong_in_every_way() {
    tell("the_bill_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_latest_report_goes_wrong_in_every_way() {
    tell("the_latest_report_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_links_of_a_report_go_wrong_in_every_way() {
    tell("the_links_of_a_report_go_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_file_of_the_latest_report_goes_wrong_in_every_way() {
    tell("the_file_of_the_latest_report_goes_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_files_about_people_go_wrong_in_every_way() {
    tell("the_files_about_people_go_wrong_in_every_way").await;
}

#[tokio::test]
async fn the_files_about_teams_go_wrong_in_every_way() {
    tell("the_files_about_teams_go_wrong_in_every_way").await;
}

#[tokio::test]
async fn records_about_people_that_cannot_be_go_wrong_as_a_whole() {
    tell("records_about_people_that_cannot_be_go_wrong_as_a_whole").await;
}

#[tokio::test]
async fn a_token_file_that_goes_away_is_credential_and_heals_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let write = || fs::write(&file, "octocat-demo-token\n").unwrap();
    write();
    let path = file.display().to_string();
    let place = &PLACES[0];
    let mut story = Story::begin(place, &[("GITHUB_TOKEN_FILE", &path)]).await;
    for gone in [|file: &Path| fs::remove_file(file).unwrap(), |file: &Path| fs::write(file, "").unwrap()] {
        story.log.take();
        gone(&file);
        story.exporter.clock.advance(3600);
        story.fails("no token", Reason::Credential).await;
        write();
        story.heals("no token", Reason::Credential).await;
    }
    story.exporter.stop().await;
}
