//! The exporter as a GitHub App, against the simulated GitHub.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use chrono::TimeDelta;
use github_copilot_exporter::{
    clock::{Clock, Instant},
    simulator::{Options, Simulator},
};
use tempfile::TempDir;

use crate::{
    commands::everything_shown,
    program::{exporter, run},
    support::{Exporter, ManualClock, Patience, Scrape},
};

const START: &str = "2026-11-22T12:00:00Z";

/// A GitHub with an App, and a clock that the exporter goes by; GitHub's own runs on from the same moment.
struct Company {
    github: Simulator,
    clock: Arc<ManualClock>,
    dir: TempDir,
}

impl Company {
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let app = format!("4242={}", dir.path().join("app.pem").display());
        let now = Some(START.parse().unwrap());
        let mut options = Options { app: Some(app.parse().unwrap()), now, users: 60, ..Options::default() };
        change(&mut options);
        let github = Simulator::start(options).await.unwrap();
        Self { github, clock: ManualClock::starting(START), dir }
    }

    fn key(&self) -> String {
        self.dir.path().join("app.pem").display().to_string()
    }

    /// An exporter that asks as the App for the usage of two organisations.
    async fn exporter(&self, more: &[(&str, &str)]) -> Exporter {
        self.exporter_for_all(&[&[("GITHUB_ORGS", "octo-labs,octo-retail")], more].concat()).await
    }

    /// An exporter that asks as the App for the usage of all that it is installed on.
    async fn exporter_for_all(&self, more: &[(&str, &str)]) -> Exporter {
        let key = self.key();
        let app = [
            ("GITHUB_APP_ID", "4242"),
            ("GITHUB_APP_PRIVATE_KEY_FILE", &*key),
            ("EXPORTER_SOURCES", "activity"),
        ];
        Exporter::start(&self.github.url(), &self.clock, &[&app, more].concat()).await
    }

    /// Scrapes until `holds`, while time passes for both.
    async fn until(&self, exporter: &Exporter, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
        let patience = Patience::new();
        loop {
            let scrape = exporter.scrape().await;
            if holds(&scrape) {
                return scrape;
            }
            patience.check(&format!("{what}\n{}", scrape.text));
            self.wait_a_moment();
        }
    }

    /// Reads the page for people until this stands in it, while time passes for both.
    async fn until_page(&self, exporter: &Exporter, part: &str) -> String {
        let patience = Patience::new();
        loop {
            let page = exporter.page().await;
            if page.contains(part) {
                return page;
            }
            patience.check(&page);
            self.wait_a_moment();
        }
    }

    /// Lets a moment pass for both, if the exporter waits for anything.
    fn wait_a_moment(&self) {
        self.clock.pass(2);
        self.github.set_now(self.clock.now());
    }

    /// Lets time pass for both.
    fn pass(&self, span: TimeDelta) {
        self.clock.advance(span.num_seconds());
        self.github.set_now(self.clock.now());
    }

    /// The requests that were answered, by path.
    fn asked(&self, path: &str) -> usize {
        self.github.requests().iter().filter(|request| request.path.contains(path)).count()
    }
}

fn up(org: &str) -> String {
    format!(r#"github_copilot_exporter_source_up{{enterprise="",org="{org}",source="activity"}}"#)
}

fn failures(org: &str, reason: &str) -> String {
    format!(
        r#"github_copilot_exporter_source_failures_total{{enterprise="",org="{org}",source="activity",reason="{reason}"}}"#
    )
}

fn is_up(org: &str) -> impl Fn(&Scrape) -> bool {
    move |scrape| scrape.get(&up(org)) == Some(1.0)
}

fn is_down(org: &str) -> impl Fn(&Scrape) -> bool {
    move |scrape| scrape.get(&up(org)) == Some(0.0)
}

#[tokio::test]
async fn an_app_reads_every_organisation_with_a_token_of_its_own_and_a_limit_of_its_own() {
    let company = Company::start(|_| ()).await;
    let exporter = company.exporter(&[]).await;
    let scrape = exporter
        .until_by(0, "both", |scrape| is_up("octo-labs")(scrape) && is_up("octo-retail")(scrape))
        .await;
    for credential in ["app", "app:octo-labs", "app:octo-retail"] {
        let series =
            format!(r#"github_copilot_exporter_github_rate_limit_limit{{credential="{credential}"}}"#);
        assert_eq!(scrape.get(&series), Some(5000.0), "{credential}\n{}", scrape.text);
    }
    let asked = |endpoint: &str, code: &str| {
        scrape.get(&format!(
            r#"github_copilot_exporter_github_requests_total{{endpoint="{endpoint}",code="{code}"}}"#
        ))
    };
    assert_eq!(asked("/app/installations", "200"), Some(1.0));
    assert_eq!(asked("/app/installations/{installation_id}/access_tokens", "201"), Some(2.0));
    assert_eq!(asked("/app/installations", "401"), Some(0.0), "counters begin at 0");
}

/// Lets time pass, and waits until the usage of an organisation was asked for again.
async fn another_refresh(company: &Company, exporter: &Exporter, minutes: i64) {
    let path = "/orgs/octo-labs/copilot/usage";
    let before = company.asked(path);
    company.pass(TimeDelta::minutes(minutes));
    company.until(exporter, "another refresh", |_| company.asked(path) > before).await;
}

#[tokio::test]
async fn a_token_is_renewed_some_minutes_before_its_hour_is_over_and_not_sooner() {
    let company = Company::start(|_| ()).await;
    let exporter = company.exporter(&[("EXPORTER_REFRESH_INTERVAL", "2m")]).await;
    for (minutes, tokens) in [(0, 2), (50, 2), (6, 4)] {
        company.pass(TimeDelta::minutes(minutes));
        exporter.until_rest().await;
        assert_eq!(company.asked("access_tokens"), tokens, "{minutes} minutes later");
    }
    assert!(company.clock.now() < START.parse::<Instant>().unwrap() + TimeDelta::minutes(59));
    let scrape = exporter.scrape().await;
    assert_eq!(scrape.sum("github_copilot_exporter_source_failures_total", &[]), 0.0);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
    let company = Company::start(|_| ()).await;
    let exporter = company.exporter(&[("EXPORTER_REFRESH_INTERVAL", "1m")]).await;
    company.until(&exporter, "the first figures", is_up("octo-labs")).await;
    company.github.set_faults(vec!["path=/app/*,status=503".parse().unwrap()]);
    company.pass(TimeDelta::minutes(56));
    another_refresh(&company, &exporter, 1).await;
    let scrape = exporter.scrape().await;
    assert!(is_up("octo-labs")(&scrape), "{}", scrape.text);
    company.pass(TimeDelta::minutes(4));
    let scrape = company.until(&exporter, "its end", is_down("octo-labs")).await;
    assert!(scrape.get(&failures("octo-labs", "server_error")) >= Some(1.0), "{}", scrape.text);
    company.github.set_faults(Vec::new());
    company.until(&exporter, "healed", is_up("octo-labs")).await;
}

#[tokio::test]
async fn tokens_that_github_revokes_before_their_time_are_replaced_within_the_same_refresh() {
    let company = Company::start(|_| ()).await;
    let exporter = company.exporter(&[("EXPORTER_REFRESH_INTERVAL", "10m")]).await;
    company.until(&exporter, "the first figures", is_up("octo-labs")).await;
    company.until(&exporter, "and the second", is_up("octo-retail")).await;
    company.github.revoke_installation_tokens();
    company.pass(TimeDelta::minutes(10));
    let refused =
        |scrape: &Scrape| scrape.sum("github_copilot_exporter_github_requests_total", &[r#"code="401""#]);
    let scrape = company
        .until(&exporter, "new tokens", |scrape| {
            company.asked("access_tokens") == 4 && refused(scrape) == 2.0
        })
        .await;
    assert_eq!(scrape.sum("github_copilot_exporter_source_failures_total", &[]), 0.0, "{}", scrape.text);
    another_refresh(&company, &exporter, 10).await;
    assert_eq!(company.asked("access_tokens"), 4);
}

#[tokio::test]
async fn a_wrong_key_is_named_and_heals_when_the_file_is_replaced() {
    let company = Company::start(|_| ()).await;
    let right = std::fs::read(company.key()).unwrap();
    let other = Company::start(|_| ()).await;
    std::fs::copy(other.key(), company.key()).unwrap();
    let exporter = company.exporter(&[]).await;
    let scrape = exporter.until_by(0, "refused", is_down("octo-labs")).await;
    assert_eq!(scrape.get(&failures("octo-labs", "unauthorized")), Some(1.0), "{}", scrape.text);
    let page = exporter.page().await;
    assert!(page.contains("A JSON web token could not be decoded"), "{page}");
    assert!(page.contains("GITHUB_APP_ID and the private key belong together"), "{page}");
    assert!(company.asked("/app/installations") < 3, "a refused key is not tried again and again");
    replace(&company.key(), &right);
    company.until(&exporter, "healed", is_up("octo-labs")).await;
}

#[tokio::test]
async fn a_key_file_that_is_missing_or_no_key_is_a_credential_failure_that_names_it() {
    let company = Company::start(|_| ()).await;
    let right = std::fs::read(company.key()).unwrap();
    for nonsense in [
        None,
        Some("ghp_secret"),
        Some("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
    ] {
        std::fs::remove_file(company.key()).unwrap();
        nonsense.inspect(|text| std::fs::write(company.key(), text).unwrap());
        let exporter = company.exporter(&[]).await;
        let scrape = exporter.until_by(0, "refused", is_down("octo-labs")).await;
        assert_eq!(scrape.get(&failures("octo-labs", "credential")), Some(1.0), "{}", scrape.text);
        let page = exporter.page().await;
        assert!(page.contains("app.pem"), "{page}");
        assert!(!page.contains("ghp_secret") && !page.contains("AAAA"), "{page}");
        replace(&company.key(), &right);
        company.until(&exporter, "healed", is_up("octo-labs")).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named_as_the_cause_and_all_is_well_when_it_is_set_right() {
    for (ahead, words) in [(TimeDelta::minutes(7), "ahead of"), (TimeDelta::minutes(-20), "behind")] {
        let company = Company::start(|_| ()).await;
        company.clock.advance(ahead.num_seconds());
        let exporter = company.exporter(&[]).await;
        let scrape = exporter.until_by(0, "refused", is_down("octo-labs")).await;
        assert_eq!(scrape.get(&failures("octo-labs", "unauthorized")), Some(1.0), "{}", scrape.text);
        let page = exporter.page().await;
        let page = page.replace("&#39;", "'").replace("&#x27;", "'");
        assert!(page.contains(words) && page.contains("this machine's clock is"), "{page}");
        // As if somebody set it right.
        company.clock.advance(-ahead.num_seconds());
        company.until(&exporter, "healed", is_up("octo-labs")).await;
    }
}

#[tokio::test]
async fn a_suspended_installation_is_named_and_keeps_its_last_figures_and_heals() {
    let company = Company::start(|_| ()).await;
    let exporter = company.exporter(&[]).await;
    let good = exporter.until_by(0, "the first figures", is_up("octo-labs")).await;
    let figures = "github_copilot_total_suggestions";
    let labs = &[r#"org="octo-labs""#];
    assert!(good.of(figures, labs).count() > 0);
    assert!(company.github.suspend("octo-labs"));
    company.pass(TimeDelta::hours(1));
    let scrape = company.until(&exporter, "suspended", is_down("octo-labs")).await;
    assert!(scrape.get(&failures("octo-labs", "credential")) >= Some(1.0), "{}", scrape.text);
    assert_eq!(scrape.sum(figures, labs), good.sum(figures, labs));
    // Where the other one was just asking for the list, the first attempt went by the old one, and GitHub said it.
    company.until_page(&exporter, "is suspended since 2026-11-22").await;
    company.until(&exporter, "the other one works on", is_up("octo-retail")).await;
    assert!(company.github.unsuspend("octo-labs"));
    company.until(&exporter, "healed", is_up("octo-labs")).await;
}

#[tokio::test]
async fn where_the_app_is_not_installed_the_token_is_used_and_without_one_the_lack_is_named() {
    let company = Company::start(|options| options.install = vec!["octo-labs".parse().unwrap()]).await;
    let exporter = company.exporter(&[]).await;
    exporter.until_by(0, "the App", is_up("octo-labs")).await;
    let scrape = exporter.until_by(0, "nobody", is_down("octo-retail")).await;
    assert_eq!(scrape.get(&failures("octo-retail", "credential")), Some(1.0), "{}", scrape.text);
    assert!(exporter.page().await.contains("the App is not installed on organisation octo-retail"));
    exporter.stop().await;

    let exporter = company.exporter(&[("GITHUB_TOKEN", "octocat-demo-token")]).await;
    let scrape = exporter
        .until_by(0, "both", |scrape| is_up("octo-labs")(scrape) && is_up("octo-retail")(scrape))
        .await;
    for credential in ["app:octo-labs", "token"] {
        let series =
            format!(r#"github_copilot_exporter_github_rate_limit_remaining{{credential="{credential}"}}"#);
        assert!(scrape.get(&series).is_some_and(|left| left < 5000.0), "{}", scrape.text);
    }
    assert!(company.github.install(&"octo-retail".parse().unwrap()).is_some());
    company.pass(TimeDelta::hours(1));
    company
        .until(&exporter, "the App takes over", |scrape| {
            scrape.text.contains(r#"{credential="app:octo-retail"}"#)
        })
        .await;
}

#[tokio::test]
async fn without_named_owners_everybody_is_watched_where_the_app_is_installed_on_however_many_pages() {
    let company = Company::start(|options| options.orgs = 130).await;
    let exporter = company.exporter_for_all(&[]).await;
    let all = company.github.world().orgs().len();
    assert_eq!(all, 130);
    let scrape = company
        .until(&exporter, "everybody", |scrape| {
            scrape.of("github_copilot_exporter_source_up", &[]).count() == all
        })
        .await;
    assert_eq!(scrape.sum("github_copilot_exporter_source_up", &[r#"enterprise="""#]), 130.0);
    // On a slow machine so much time passes that it is listed once more.
    let requests = company.github.requests();
    let listing = requests.iter().filter(|request| request.path == "/app/installations");
    let pages: BTreeSet<_> = listing.map(|request| &request.query).collect();
    assert_eq!(pages.len(), 2, "two pages of a hundred: {pages:?}");
    assert_eq!(exporter.get("/readyz").await.status(), 200);
}

#[tokio::test]
async fn who_installs_the_app_is_watched_and_who_removes_it_is_forgotten_without_a_restart() {
    let company = Company::start(|options| options.install = vec!["octo-labs".parse().unwrap()]).await;
    let exporter = company.exporter_for_all(&[]).await;
    exporter.until_by(0, "the first", is_up("octo-labs")).await;
    company.github.install(&"octo-retail".parse().unwrap()).unwrap();
    company.pass(TimeDelta::hours(1));
    company.until(&exporter, "the second", is_up("octo-retail")).await;
    assert!(company.github.uninstall("octo-labs"));
    company.pass(TimeDelta::hours(1));
    let scrape =
        company.until(&exporter, "only the second", |scrape| !scrape.text.contains("octo-labs\",team")).await;
    assert!(is_up("octo-retail")(&scrape));
    assert_eq!(scrape.of("github_copilot_exporter_source_up", &[]).count(), 1, "{}", scrape.text);
    company.github.install(&"octo-labs".parse().unwrap()).unwrap();
    company.pass(TimeDelta::hours(1));
    company.until(&exporter, "it came back", is_up("octo-labs")).await;
}

#[tokio::test]
async fn an_app_that_is_refused_at_the_start_is_explained_on_the_page_and_heals_with_its_key() {
    let company = Company::start(|_| ()).await;
    let right = std::fs::read(company.key()).unwrap();
    std::fs::remove_file(company.key()).unwrap();
    let exporter = company.exporter_for_all(&[]).await;
    let page = company.until_page(&exporter, "app.pem").await;
    assert_eq!(exporter.scrape().await.get("github_copilot_exporter_installations_up"), Some(0.0));
    for part in ["summary failing", "Nobody is watched yet", "credential", "GITHUB_APP_PRIVATE_KEY_FILE"] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    replace(&company.key(), &right);
    company
        .until(&exporter, "both", |scrape| is_up("octo-labs")(scrape) && is_up("octo-retail")(scrape))
        .await;
    assert_eq!(exporter.scrape().await.get("github_copilot_exporter_installations_up"), Some(1.0));
    assert!(!exporter.page().await.contains("app.pem"));
}

#[tokio::test]
async fn owners_that_an_earlier_process_found_are_served_at_once_by_the_next_one_while_github_is_down() {
    let company = Company::start(|_| ()).await;
    let state = company.dir.path().join("state").display().to_string();
    let variables = [("EXPORTER_STATE_DIR", &*state)];
    let exporter = company.exporter_for_all(&variables).await;
    let both = |scrape: &Scrape| is_up("octo-labs")(scrape) && is_up("octo-retail")(scrape);
    let before = company.until(&exporter, "both", both).await;
    company.until(&exporter, "it is saved", |_| Path::new(&state).join("state.json.gz").exists()).await;
    company.pass(TimeDelta::minutes(1));
    exporter.stop().await;
    company.github.set_faults(vec!["path=*,status=503".parse().unwrap()]);
    let exporter = company.exporter_for_all(&variables).await;
    let figures = "github_copilot_total_suggestions";
    let restored = exporter.scrape().await;
    for org in [r#"org="octo-labs""#, r#"org="octo-retail""#] {
        assert_eq!(restored.sum(figures, &[org]), before.sum(figures, &[org]), "{}", restored.text);
    }
    company.github.set_faults(Vec::new());
    company.until(&exporter, "both again", both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_that_of_everybody_whom_the_app_is_installed_on() {
    let company = Company::start(|options| {
        (options.now, options.orgs, options.teams) = (None, 2, 2);
        options.install = vec!["octo-labs".parse().unwrap()];
    })
    .await;
    let (output, key, api) = (company.dir.path().join("history"), company.key(), company.github.url());
    let from = (company.github.now() - TimeDelta::days(6)).format("--from=%F").to_string();
    let output = output.display().to_string();
    let variables = [
        ("GITHUB_API_URL", &*api),
        ("GITHUB_APP_ID", "4242"),
        ("GITHUB_APP_PRIVATE_KEY_FILE", &*key),
        ("EXPORTER_SOURCES", "activity"),
    ];
    let written = |more: &[&str]| {
        let switches = ["backfill", &*from, "--output", &*output];
        let command = exporter(&[&switches, more].concat(), &variables);
        tokio::task::spawn_blocking(move || run(command))
    };
    let (code, said, log) = written(&[]).await.unwrap();
    assert_eq!(code, Some(0), "{said}{log}");
    assert!(said.contains("octo-labs") && !said.contains("octo-retail"), "{said}");
    let (code, _, log) = written(&["--owner", "octo-retail"]).await.unwrap();
    assert_eq!(code, Some(64), "{log}");
    assert!(log.contains("the App is not installed there"), "{log}");
}

/// What an App signs, and the tokens that it is given, begin in the same way each.
#[tokio::test(flavor = "multi_thread")]
async fn neither_key_nor_signature_nor_token_stands_in_any_log_line_metric_or_page() {
    // The program goes by the machine's clock.
    let company = Company::start(|options| (options.now, options.orgs) = (None, 1)).await;
    let refused = "path=/orgs/*,status=401,first=8".parse().unwrap();
    company.github.set_faults(vec![refused]);
    let key = company.key();
    let app = [("GITHUB_APP_ID", "4242"), ("GITHUB_APP_PRIVATE_KEY_FILE", &*key), ("GITHUB_TOKEN", "")];
    let shown = everything_shown(&company.github, &app, "unauthorized", 4).await;
    assert!(company.asked("/access_tokens") > 0, "tokens were made");
    let pem = std::fs::read_to_string(&key).unwrap();
    let lines: Vec<_> = pem.lines().filter(|line| !line.starts_with("--")).collect();
    for text in &shown {
        assert!(!text.contains("ghs_") && !text.contains("eyJ"), "{text}");
        assert!(!lines.iter().any(|line| text.contains(line)), "{text}");
    }
}

/// As an operator would: a new file in the place of the old one.
fn replace(path: &str, content: &[u8]) {
    let fresh = Path::new(path).with_extension("new");
    std::fs::write(&fresh, content).unwrap();
    std::fs::rename(fresh, path).unwrap();
}
