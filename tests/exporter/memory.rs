//! A report file of half a gigabyte: it is added up while it arrives, and never held.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, BufWriter, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    program::{Running, exporter},
    support::{Patience, Scrape},
};

const DAY: &str = "2026-11-17";
const REPORTS: &str = "/orgs/octo/copilot/metrics/reports";

const PEOPLE: usize = 100_000;
/// Everybody is in three of them, so each has a hundred people.
const TEAMS: usize = 3_000;
const LARGE: usize = 500_000_000;
const MOST_KIB: u64 = 96 << 10;

/// The longest the exporter may take to read half of the file.
const PATIENCE: Duration = Duration::from_secs(60);

/// The people are of four habits in turn.
const HABITS: [Habit; 4] = [
    Habit { editors: &["vscode"], language: Some("rust"), told: [10, 4, 30, 12], all: [10, 4, 30, 12] },
    // More completions than those of languages.
    Habit { editors: &["intellij"], language: Some("rust"), told: [8, 3, 20, 9], all: [10, 4, 26, 11] },
    Habit {
        editors: &["vscode", "intellij"],
        language: Some("python"),
        told: [6, 6, 7, 7],
        all: [6, 6, 7, 7],
    },
    // Only chats.
    Habit { editors: &["vscode"], language: None, told: [0; 4], all: [0; 4] },
];

/// What everybody does in chat: turns, and pieces of code taken.
const CHAT: [u64; 2] = [3, 1];

/// What somebody does every day.
struct Habit {
    editors: &'static [&'static str],
    /// Of the completions.
    language: Option<&'static str>,
    /// Completions in that language: shown, accepted, lines shown, lines accepted.
    told: [u64; 4],
    /// All completions.
    all: [u64; 4],
}

fn habit(person: usize) -> &'static Habit {
    &HABITS[person % HABITS.len()]
}

/// Neighbours are together in one team, people far apart in another, and tens of neighbours in a third.
fn teams(person: usize) -> [usize; 3] {
    [person / 100, 1_000 + person % 1_000, 2_000 + person / 10 % 1_000]
}

/// Seven digits each, so that all rows of a habit are of one length.
fn id(person: usize) -> usize {
    1_000_000 + person
}

/// Stands for the id of whoever a row is about.
const ANYBODY: &str = "7654321";

fn counters(interactions: Option<u64>, [shown, taken, suggested, added]: [u64; 4]) -> Value {
    let mut counters = json!({
        "code_generation_activity_count": shown, "code_acceptance_activity_count": taken,
        "loc_suggested_to_add_sum": suggested, "loc_suggested_to_delete_sum": 0,
        "loc_added_sum": added, "loc_deleted_sum": 0,
    });
    if let Some(interactions) = interactions {
        counters["user_initiated_interaction_count"] = json!(interactions);
    }
    counters
}

fn element(labels: &[(&str, &str)], interactions: Option<u64>, code: [u64; 4]) -> Value {
    let mut element = counters(interactions, code);
    for (name, value) in labels {
        element[*name] = json!(value);
    }
    element
}

const ASK: &str = "chat_panel_ask_mode";

/// The features of people with these completions.
fn features(people: u64, completions: [u64; 4]) -> Value {
    let [turns, taken] = CHAT.map(|count| people * count);
    json!([
        element(&[("feature", "code_completion")], Some(0), completions),
        element(&[("feature", ASK)], Some(turns), [2 * people, taken, 9 * people, 4 * people]),
        element(&[("feature", "agent_edit")], Some(0), [7 * people, 0, 0, 80 * people]),
    ])
}

/// The row of somebody, as wide as those of people who use everything.
fn row(habit: &Habit) -> Value {
    let mut row = counters(Some(CHAT[0]), [20, 5, 39, 96]);
    let edited = ["typescript", "python", "go", "yaml"];
    let completed = habit.language.iter().map(|language| (*language, "code_completion", habit.told));
    let of_features = edited.map(|language| (language, "agent_edit", [1, 0, 0, 13]));
    let models = ["claude-sonnet-4.6", "gpt-5.4"];
    let of_models =
        edited.iter().flat_map(|language| models.map(|model| [("language", *language), ("model", model)]));
    let more = json!({
        "day": DAY, "organization_id": "4242", "enterprise_id": "77",
        "user_id": ANYBODY.parse::<u64>().unwrap(), "user_login": format!("user-{ANYBODY}"),
        "totals_by_ide": habit.editors.iter()
            .map(|editor| element(&[("ide", editor)], Some(CHAT[0]), [20, 5, 39, 96])).collect::<Value>(),
        "totals_by_feature": features(1, habit.all),
        "totals_by_language_feature": completed.chain(of_features)
            .chain([("unknown", ASK, [2, 1, 9, 4])])
            .map(|(language, feature, code)| element(&[("language", language), ("feature", feature)], None, code))
            .collect::<Value>(),
        "totals_by_language_model": of_models.map(|labels| element(&labels, None, [1, 0, 0, 7])).collect::<Value>(),
        "totals_by_model_feature": models
            .map(|model| element(&[("model", model), ("feature", ASK)], Some(1), [1, 0, 4, 2])),
        "used_agent": true, "used_chat": true, "used_cli": false, "ai_credits_used": 6.25,
        "used_copilot_code_review_active": null, "used_copilot_code_review_passive": null,
        "ai_adoption_phase": {"phase": "Phase 1", "phase_number": 1, "version": "v1"},
    });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// The figures of the organisation.
fn month() -> String {
    let sum = |count: usize| (0..PEOPLE).map(|person| habit(person).all[count]).sum::<u64>();
    let people = PEOPLE as u64;
    let record = json!({
        "day": DAY, "organization_id": "4242", "daily_active_users": people,
        "weekly_active_users": people, "monthly_active_users": people,
        "totals_by_feature": features(people, std::array::from_fn(sum)),
    });
    json!({"report_start_day": "2026-10-21", "report_end_day": DAY, "day_totals": [record]}).to_string()
}

/// Every membership, a line each.
fn memberships() -> String {
    let line = |person: usize, team: usize| {
        let id = id(person);
        format!(
            r#"{{"day":"{DAY}","organization_id":"4242","user_id":{id},"user_login":"user-{id}","team_id":{team},"slug":"team-{team}"}}"#
        ) + "\n"
    };
    (0..PEOPLE).flat_map(|person| teams(person).map(|team| line(person, team))).collect()
}

/// The file of the users' rows, which exists only on its way.
struct Users {
    /// Of each habit the text before, between and after the two places of the id.
    rows: [[String; 3]; 4],
}

impl Users {
    fn new() -> Self {
        let pieces = |habit: &Habit| {
            let text = format!("{}\n", row(habit));
            let pieces: Vec<_> = text.split(ANYBODY).map(str::to_owned).collect();
            pieces.try_into().unwrap()
        };
        Self { rows: HABITS.each_ref().map(pieces) }
    }

    fn length(&self) -> usize {
        let length = |row: &[String; 3]| row.concat().len() + 2 * ANYBODY.len();
        self.rows.iter().map(length).sum::<usize>() * PEOPLE / HABITS.len()
    }

    fn write(&self, people: std::ops::Range<usize>, out: &mut impl Write) -> io::Result<()> {
        for person in people {
            let [before, between, after] = &self.rows[person % HABITS.len()];
            write!(out, "{before}{id}{between}{id}{after}", id = id(person))?;
        }
        out.flush()
    }
}

/// What happens while the file of the users is sent for the first time.
struct Gate {
    half: oneshot::Sender<()>,
    go_on: mpsc::Receiver<()>,
    whole: oneshot::Sender<()>,
}

/// A GitHub with one large organisation.
struct Github {
    address: SocketAddr,
    users: Users,
    gate: Mutex<Option<Gate>>,
}

impl Github {
    /// Begins to serve, until the tests end.
    fn start(gate: Gate) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let github = Arc::new(Self { address, users: Users::new(), gate: Mutex::new(Some(gate)) });
        let own = Arc::clone(&github);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let github = Arc::clone(&own);
                // An exporter that goes away is no matter of ours.
                thread::spawn(move || github.answer(&stream));
            }
        });
        github
    }

    /// Answers one request.
    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        let mut head = BufReader::new(stream).lines();
        let first = head.next().unwrap_or_else(|| Ok(String::new()))?;
        for line in head {
            if line?.is_empty() {
                break;
            }
        }
        let target = first.split(' ').nth(1).unwrap_or_default();
        let mut out = BufWriter::with_capacity(1 << 16, stream);
        let links = |file: &str| {
            json!({"download_links": [format!("http://{}/files/{file}?sig=x", self.address)]}).to_string()
        };
        let users = format!("/users-1-day?day={DAY}");
        let teams = format!("/user-teams-1-day?day={DAY}");
        match target.strip_prefix(REPORTS) {
            Some("/organization-28-day/latest") => body(&mut out, &links("month")),
            Some("/users-28-day/latest") => body(&mut out, &links("users")),
            Some(report) if report == users => body(&mut out, &links("users")),
            Some(report) if report == teams => body(&mut out, &links("user-teams")),
            None if target == "/files/month?sig=x" => body(&mut out, &month()),
            None if target == "/files/user-teams?sig=x" => body(&mut out, &memberships()),
            None if target == "/files/users?sig=x" => self.send_users(&mut out),
            _ => out.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
        }
    }

    /// Sends the large file; the first time it stops in the middle.
    fn send_users(&self, out: &mut impl Write) -> io::Result<()> {
        head(out, self.users.length())?;
        let gate = self.gate.lock().unwrap().take();
        self.users.write(0..PEOPLE / 2, out)?;
        let whole = gate.and_then(|Gate { half, go_on, whole }| {
            half.send(()).ok()?;
            go_on.recv().ok()?;
            Some(whole)
        });
        self.users.write(PEOPLE / 2..PEOPLE, out)?;
        // Nobody listens if the test has failed meanwhile.
        let _ = whole.map(|whole| whole.send(()));
        Ok(())
    }
}

fn head(out: &mut impl Write, length: usize) -> io::Result<()> {
    let kind = "content-type: application/json";
    write!(out, "HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
}

fn body(out: &mut impl Write, body: &str) -> io::Result<()> {
    head(out, body.len())?;
    out.write_all(body.as_bytes())?;
    out.flush()
}

fn scope(team: &str) -> String {
    format!(r#"enterprise="",org="octo",team="{team}""#)
}

/// Every total of every team, and every row and total of the organisation.
fn expected() -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |name: &str, labels: String, number: u64| {
        *sums.entry(format!("github_copilot_{name}{{{labels}}}")).or_default() += number;
    };
    const COUNTS: [&str; 4] = ["suggestions", "acceptances", "lines_suggested", "lines_accepted"];
    for person in 0..PEOPLE {
        let habit = habit(person);
        let slugs = teams(person).map(|team| format!("team-{team}"));
        for team in [""].into_iter().chain(slugs.iter().map(|slug| &**slug)) {
            for (name, number) in COUNTS.iter().zip(habit.all) {
                add(&format!("total_{name}"), scope(team), number);
            }
            for (name, number) in [("turns", CHAT[0]), ("acceptances", CHAT[1])] {
                add(&format!("total_chat_{name}"), scope(team), number);
            }
            for name in ["total_active_users", "total_active_chat_users", "weekly_active_users"] {
                add(name, scope(team), 1);
            }
            add(if team.is_empty() { "monthly_active_users" } else { "team_seated_users" }, scope(team), 1);
        }
        let editor = if let [editor] = habit.editors { editor } else { "multiple" };
        let untold: [u64; 4] = std::array::from_fn(|count| habit.all[count] - habit.told[count]);
        for (language, counts) in
            [(habit.language, habit.told), (habit.language.and(Some("unknown")), untold)]
        {
            let Some(language) = language.filter(|_| counts != [0; 4]) else { continue };
            let row = || format!(r#"{},language="{language}",editor="{editor}""#, scope(""));
            for (name, number) in COUNTS.iter().zip(counts) {
                add(name, row(), number);
            }
            add("active_users", row(), 1);
        }
    }
    sums.into_iter().map(|(series, number)| (series, number as f64)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_gigabyte_of_users_is_added_up_below_96_mib() {
    let ((half, reached), (whole, sent), (go, go_on)) =
        (oneshot::channel(), oneshot::channel(), mpsc::channel());
    let github = Github::start(Gate { half, go_on, whole });
    assert!(github.users.length() >= LARGE, "{} bytes", github.users.length());
    let api = format!("http://{}", github.address);
    let variables = [
        ("GITHUB_API_URL", &*api),
        ("GITHUB_TOKEN", "ghp_t"),
        ("GITHUB_ORGS", "octo"),
        ("GITHUB_COPILOT_API", "reports"),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
    ];
    let running = Running::start(exporter(&[], &variables));
    let url = format!("http://{}/metrics", running.address());
    timeout(PATIENCE, reached).await.expect("the users are read").unwrap();
    let half_way = running.memory_kib("VmRSS");
    assert!(half_way < MOST_KIB, "{half_way} KiB after half of the file");
    go.send(()).unwrap();
    timeout(PATIENCE, sent).await.expect("the rest is read").unwrap();
    let patience = Patience::new();
    let scrape = loop {
        patience.check("the teams");
        let scrape = Scrape::read(reqwest::get(&url).await.unwrap().text().await.unwrap());
        if scrape.of("github_copilot_team_seated_users", &[]).count() == TEAMS {
            break scrape;
        }
    };
    for (series, number) in expected() {
        assert_eq!(scrape.get(&series), Some(number), "{series}");
    }
    let peak = running.memory_kib("VmHWM");
    assert!(peak < MOST_KIB, "{peak} KiB at the peak");
}
