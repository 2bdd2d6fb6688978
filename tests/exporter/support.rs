//! What the tests of the whole service stand on: a clock of their own, the exporter on a free port, and `/metrics` read.

use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant as Wall},
};

use chrono::TimeDelta;
use github_copilot_exporter::{
    clock::{Clock, Instant},
    config::Config,
    server::{listen::listen, web::Web},
    service,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt,
};

/// The longest any test waits for something to come true. Far above what is needed on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends a loop that waits for something, should it never come.
pub struct Patience(Wall);

impl Patience {
    pub fn new() -> Self {
        Self(Wall::now())
    }

    pub fn check(&self, what: &str) {
        assert!(self.0.elapsed() < PATIENCE, "never came: {what}");
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Time>);

/// What time it would be if nobody had set the clock, and by how much it was set.
#[derive(Clone, Copy, Debug)]
struct Time {
    passed: Instant,
    set: TimeDelta,
}

impl ManualClock {
    pub fn starting(at: &str) -> Arc<Self> {
        let time = Time { passed: at.parse().unwrap(), set: TimeDelta::zero() };
        Arc::new(Self(watch::Sender::new(time)))
    }

    /// Lets so much time pass.
    pub fn advance(&self, seconds: i64) {
        self.0.send_modify(|time| time.passed += TimeDelta::seconds(seconds));
    }

    /// Lets so much time pass if anybody sleeps by it: work takes no time, however slow the machine is. Else an attempt
    /// would be repeated, or a link expire, while it is still under way.
    pub fn pass(&self, seconds: i64) {
        if self.is_waited_for() {
            self.advance(seconds);
        }
    }

    /// Sets the clock forward or back. No time passes: as with the machine's clock, who sleeps goes on sleeping.
    pub fn set_by(&self, seconds: i64) {
        self.0.send_modify(|time| time.set += TimeDelta::seconds(seconds));
    }

    /// Whether anybody sleeps by it.
    pub fn is_waited_for(&self) -> bool {
        self.0.receiver_count() > 0
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        let time = *self.0.borrow();
        time.passed + time.set
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let end = instant.checked_sub_signed(self.0.borrow().set).unwrap_or(Instant::MAX_UTC);
        Box::pin(async move {
            // Only now it is waited for: a branch of a choice that is closed is made and never polled.
            let mut time = self.0.subscribe();
            time.wait_for(|time| time.passed >= end).await.expect("the clock outlives its sleepers");
        })
    }
}

/// A clock that leaps to whatever is waited for, and remembers how long that would have been.
#[derive(Debug)]
pub struct LeapingClock {
    now: Mutex<Instant>,
    waits: Mutex<Vec<TimeDelta>>,
}

impl LeapingClock {
    pub fn starting(at: &str) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(at.parse().unwrap()), waits: Mutex::default() })
    }

    pub fn waits(&self) -> Vec<TimeDelta> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn sleep_until(&self, instant: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let mut now = self.now.lock().unwrap();
            self.waits.lock().unwrap().push(instant - *now);
            *now = instant.max(*now);
        })
    }
}

/// What is logged on this thread while it exists, as `logfmt`.
pub struct Log {
    lines: Lines,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen() -> Self {
        let lines = Lines::default();
        let own = Targets::new().with_target("github_copilot_exporter", LevelFilter::INFO);
        let layer = tracing_logfmt::builder().with_target(false).layer().with_writer(lines.clone());
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(own));
        Self { lines, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// What was logged since the last time.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.lines.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A running exporter.
pub struct Exporter {
    pub clock: Arc<ManualClock>,
    pub address: SocketAddr,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Exporter {
    /// Starts the service on a free port of this machine, against `api`, with these variables. Unless they say
    /// otherwise it asks by the usage API, for usage only.
    pub async fn start(api: &str, clock: &Arc<ManualClock>, variables: &[(&str, &str)]) -> Self {
        let base = [
            ("GITHUB_API_URL", api),
            ("GITHUB_COPILOT_API", "usage"),
            ("EXPORTER_SOURCES", "activity,teams"),
            ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ];
        let variables = base.iter().chain(variables).map(|(name, value)| (name.into(), value.into()));
        let config = Config::from_environment(variables).unwrap_or_else(|problems| panic!("{problems:?}"));
        let web = Web::open(config.web_config_file.as_deref()).unwrap();
        let listener = listen(config.listen).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let own = Arc::clone(clock);
        let running = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            service::serve(config, web, listener, own, stop).await.unwrap();
        });
        Self { clock: Arc::clone(clock), address, http: reqwest::Client::new(), stop: Some(stop), running }
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    pub async fn page(&self) -> String {
        self.get("/").await.text().await.unwrap()
    }

    pub async fn scrape(&self) -> Scrape {
        let response = self.get("/metrics").await;
        assert_eq!(response.status(), 200);
        Scrape::read(response.text().await.unwrap())
    }

    /// Scrapes until `holds`, while the clock moves on by a second each time that somebody sleeps.
    pub async fn until(&self, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
        self.until_by(1, what, holds).await
    }

    /// The same with a clock that moves on by so many seconds.
    pub async fn until_by(&self, seconds: i64, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
        let patience = Patience::new();
        loop {
            let scrape = self.scrape().await;
            if holds(&scrape) {
                return scrape;
            }
            patience.check(&format!("{what}\n{}", scrape.text));
            self.clock.pass(seconds);
        }
    }

    /// Waits until no attempt is under way, due, or ended and not yet shown: until the page has the next one of every
    /// source ahead. What is shown then.
    pub async fn until_rest(&self) -> Scrape {
        let patience = Patience::new();
        let (mut shown, mut since) = (None, self.clock.now());
        loop {
            let (page, scrape) = (self.page().await, self.scrape().await);
            let now = self.clock.now();
            let next_try = next_tries(&page).min();
            if next_try.is_some_and(|next| next > now) {
                return scrape;
            }
            patience.check(&page);
            let rendered = scrape.get("github_copilot_exporter_snapshot_timestamp_seconds");
            if rendered != shown {
                (shown, since) = (rendered, now);
            }
            // What has been told is shown ten seconds after the last time: until then, however long that takes, what has
            // failed is not to be tried again and again. The page leaves out fractions: now can be a little later.
            if next_try == Some(now) || now < since + TimeDelta::seconds(10) {
                self.clock.pass(1);
            }
        }
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) {
        self.stop.take();
        self.running.await.unwrap();
    }
}

/// When the page says that each source is asked next.
fn next_tries(page: &str) -> impl Iterator<Item = Instant> {
    page.split(r#"data-label="Next try""#).skip(1).map(|cell| {
        let time = cell.split("</td>").next().unwrap().split("datetime=\"").nth(1);
        time.map_or(Instant::MIN_UTC, |time| time.split('"').next().unwrap().parse().unwrap())
    })
}

/// One answer of `/metrics`.
#[derive(Clone, Debug)]
pub struct Scrape {
    pub text: String,
    /// By series as it is written, `name{label="value",…}`.
    pub samples: BTreeMap<String, f64>,
}

impl Scrape {
    pub fn read(text: String) -> Self {
        let mut samples = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, number) = line.rsplit_once(' ').unwrap();
            let before = samples.insert(series.to_owned(), number.parse().unwrap());
            assert_eq!(before, None, "a series twice: {series}");
        }
        Self { text, samples }
    }

    pub fn get(&self, series: &str) -> Option<f64> {
        self.samples.get(series).copied()
    }

    /// The sum over all series of a family whose labels contain every one of `labels`.
    pub fn sum(&self, family: &str, labels: &[&str]) -> f64 {
        self.of(family, labels).map(|(_, number)| number).sum()
    }

    /// The series of a family whose labels contain every one of `labels`.
    pub fn of<'a>(
        &'a self,
        family: &'a str,
        labels: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, f64)> + 'a {
        self.samples.iter().filter_map(move |(series, number)| {
            let name = series.split('{').next()?;
            let fits = name == family && labels.iter().all(|label| series.contains(label));
            fits.then_some((series.as_str(), *number))
        })
    }

    /// The lines of the data, without those of the exporter itself and of its process.
    pub fn data(&self) -> String {
        let own = ["github_copilot_exporter_", "process_"];
        let is_own = |line: &str| {
            let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
            own.iter().any(|prefix| name.starts_with(prefix))
        };
        self.text.lines().filter(|line| !is_own(line)).map(|line| format!("{line}\n")).collect()
    }
}
