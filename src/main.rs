//! The program: reads the command and the configuration, hands in port, clock and stop signal, and ends with a code.

use std::{
    error::Error,
    io::{ErrorKind, Write},
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, Parser};
use github_copilot_exporter::{
    backfill::{self, progress::Progress, remote_write::SendError},
    check,
    cli::{self, Cli, Command, Demo},
    clock::{SharedClock, SystemClock},
    completions::Shell,
    config::{Config, Log, Problem, variables::EXPORTER_WEB_CONFIG_FILE},
    demo::{self, Addresses, CompanyClock},
    exit::Exit,
    server::{
        listen::listen,
        web::{self, Web},
    },
    service,
    simulator::{Options, Simulator},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Why the program does not end with [`Exit::Done`].
enum Failed {
    /// Every problem is a line.
    Configuration(Vec<Problem>),
    /// The reason.
    Unusable(String),
    /// Why it did not get far.
    Start(Box<dyn Error>),
    /// What was not done.
    Incomplete(String),
    /// Something is refused; what it is stands in the report.
    Check,
}

impl<E: Error + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Start(Box::new(error))
    }
}

/// musl's own gives what a record needed back to the system and asks for it again at the next: up to half of a refresh. The
/// same in every build, so that what is tested and measured is what is run.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(cli::arguments(std::env::args_os())) {
        Ok(cli) => cli,
        Err(usage) if usage.use_stderr() => {
            // Nothing can be done if the terminal is gone.
            let _ = usage.print();
            return Exit::Unusable.into();
        }
        Err(help) => return ended(written(help.print())).into(),
    };
    ended(run(cli.command.unwrap_or(Command::Serve))).into()
}

/// What the program ends with. What has failed is said.
fn ended(result: Result<(), Failed>) -> Exit {
    result.err().map_or(Exit::Done, |failed| report(&failed))
}

fn run(command: Command) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(async {
        match command {
            Command::Serve => serve().await,
            Command::Check(options) => examine(options).await,
            Command::Demo(Demo { simulator }) => show(simulator).await,
            Command::Simulate(options) => simulate(options).await,
            Command::Backfill(options) => write_history(&options).await,
            Command::Completions { shell } => complete(shell),
        }
    });
    // A file system that hangs must not keep the process from ending.
    runtime.shutdown_background();
    result
}

async fn serve() -> Result<(), Failed> {
    let config = Config::from_process().map_err(Failed::Configuration)?;
    start_log(config.log, std::io::stderr);
    exporter(config, Arc::new(SystemClock), |_| Ok(())).await
}

/// Writes to standard output.
fn say(text: &str) -> Result<(), Failed> {
    written(writeln!(std::io::stdout(), "{text}"))
}

/// What became of writing to standard output, of which whoever reads it may have seen enough, and gone.
fn written(result: std::io::Result<()>) -> Result<(), Failed> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failed::Incomplete(format!("standard output cannot be written to: {error}")))
        }
        _ => Ok(()),
    }
}

async fn show(options: Options) -> Result<(), Failed> {
    let simulator = Simulator::start(options.clone()).await?;
    let announcement = simulator.announcement();
    let config = demo::config(&announcement, &options).map_err(Failed::Configuration)?;
    start_log(config.log, std::io::stderr);
    exporter(config, Arc::new(CompanyClock(simulator)), |own| {
        let addresses = Addresses::of(&announcement, own);
        say(&if options.json { serde_json::to_string(&addresses)? } else { addresses.to_string() })
    })
    .await
}

async fn simulate(options: Options) -> Result<(), Failed> {
    let json = options.json;
    let simulator = Simulator::start(options).await?;
    // Whoever reads where it is may stop it at once.
    let stop = stop_signal()?;
    let announcement = simulator.announcement();
    if json {
        say(&serde_json::to_string(&announcement)?)?;
    } else {
        say(&format!("A simulated GitHub at {}", announcement.api))?;
        say(&format!("  organisations  {}", announcement.orgs.join(", ")))?;
        say(&format!("  enterprise     {}", announcement.enterprise))?;
        say(&format!("  token          {}", announcement.token))?;
    }
    stop.await;
    simulator.stop().await;
    Ok(())
}

async fn examine(options: check::Options) -> Result<(), Failed> {
    let config = Config::from_process().map_err(Failed::Configuration)?;
    let clock: SharedClock = Arc::new(SystemClock);
    start_log(config.log, std::io::stderr);
    warn_of_strangers(&config);
    let report = check::run(&config, &clock, stop_signal()?).await?;
    let text = if options.json { format!("{:#}", report.json()) } else { report.to_string() };
    say(&text)?;
    if report.is_fine() { Ok(()) } else { Err(Failed::Check) }
}

async fn write_history(options: &backfill::Options) -> Result<(), Failed> {
    let config = Config::from_process().map_err(Failed::Configuration)?;
    let (clock, progress): (SharedClock, _) = (Arc::new(SystemClock), Progress::on_stderr());
    start_log(config.log, progress.log());
    warn_of_strangers(&config);
    let summary = backfill::run(&config, options, &clock, &progress, stop_signal()?).await;
    let summary = summary.map_err(|error| match error {
        backfill::Error::Unusable(problem) => Failed::Unusable(problem),
        backfill::Error::Send(error @ SendError::Switch { .. }) => Failed::Unusable(error.to_string()),
        error => error.into(),
    })?;
    say(&summary.to_string())?;
    summary.failure().map_or(Ok(()), |words| Err(Failed::Incomplete(words)))
}

fn complete(shell: Shell) -> Result<(), Failed> {
    written(std::io::stdout().write_all(&shell.script(Cli::command())))
}

/// A name that looks like one of ours and is not may be a setting that has no effect.
fn warn_of_strangers(config: &Config) {
    for name in &config.strangers {
        tracing::warn!(
            name,
            "the environment has a variable that this exporter does not know; is it misspelt?"
        );
    }
}

/// Runs the exporter until it is asked to stop. `announce` gets its URL once the port is open.
async fn exporter(
    config: Config,
    clock: SharedClock,
    announce: impl FnOnce(&str) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let web = Web::open(config.web_config_file.as_deref()).map_err(unusable_web)?;
    let listener = listen(config.listen).map_err(|error| {
        std::io::Error::new(error.kind(), format!("EXPORTER_LISTEN_ADDRESS {}: {error}", config.listen))
    })?;
    let address = listener.local_addr()?;
    let stop = stop_signal()?;
    warn_of_strangers(&config);
    let (tls, passwords) = {
        let settings = web.settings();
        let settings = settings.borrow();
        (settings.tls.is_some(), settings.users.is_some())
    };
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), tls, passwords, "serving");
    let scheme = if tls { "https" } else { "http" };
    announce(&format!("{scheme}://{address}"))?;
    service::serve(config, web, listener, clock, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Each problem of the web configuration as one of its variable.
fn unusable_web(unusable: web::Unusable) -> Failed {
    let problem = |rule| Problem { variable: EXPORTER_WEB_CONFIG_FILE.name.to_owned(), rule, example: None };
    Failed::Configuration(unusable.problems.into_iter().map(problem).collect())
}

/// Ready when the process is asked to stop, by Ctrl-C or by SIGTERM.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn start_log<W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static>(log: Log, to: W) {
    let json = log.json.then(|| tracing_subscriber::fmt::layer().json().with_writer(to.clone()).boxed());
    let logfmt = || tracing_logfmt::builder().with_target(false).layer().with_writer(to.clone()).boxed();
    let layer = json.unwrap_or_else(logfmt);
    // Other crates are heard when something is wrong: what they trace is theirs, and might be an address with a signature.
    let own = LevelFilter::from_level(log.level);
    let levels =
        Targets::new().with_default(own.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), own);
    tracing_subscriber::registry().with(layer.with_filter(levels)).init();
}

/// Says why, and with what to end.
#[allow(clippy::print_stderr, reason = "before the log is set up, errors go to the terminal")]
fn report(failed: &Failed) -> Exit {
    match failed {
        Failed::Configuration(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            Exit::Unusable
        }
        Failed::Unusable(problem) => {
            eprintln!("{problem}");
            Exit::Unusable
        }
        Failed::Start(error) => {
            eprintln!("could not start: {error}");
            Exit::Failed
        }
        Failed::Incomplete(words) => {
            eprintln!("{words}");
            Exit::Failed
        }
        Failed::Check => Exit::Failed,
    }
}
