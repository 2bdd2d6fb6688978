//! Processes that are measured, ended when they are dropped.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use procfs::{CpuInfo, Current, process::Process};
use serde::Deserialize;

/// A process.
pub struct Running {
    child: Child,
}

/// Where the simulated GitHub says it is.
#[derive(Deserialize)]
pub struct Company {
    pub api: String,
    pub orgs: Vec<String>,
    pub token: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child }
    }

    /// The same, kept on the last of the machine's processors.
    pub fn start_pinned(command: &Command) -> Self {
        let mut pinned = Command::new("taskset");
        // What is set here is not for the program; only where programs are.
        pinned.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        pinned
            .arg("--cpu-list")
            .arg(last_processor().to_string())
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            pinned.env(name, value.unwrap_or_default());
        }
        Self::start(&mut pinned)
    }

    /// A simulated GitHub with one organisation.
    pub fn company(program: &Path, arguments: &[&str]) -> (Self, Company) {
        let mut command = Command::new(program);
        command.args(["simulate", "--json", "--orgs", "1", "--api", "reports"]).args(arguments);
        let mut running = Self::start(command.stdout(Stdio::piped()));
        let mut line = String::new();
        let output = running.child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        (running, serde_json::from_str(&line).expect("it says so in JSON"))
    }

    /// The exporter, which listens on this port of the machine; what it logs is not of interest.
    pub fn exporter(program: &Path, company: &Company, port: u16, variables: &[(&str, &str)]) -> Self {
        Self::start(&mut exporter(program, company, port, variables))
    }

    /// What the process has computed so far, in steps of a hundredth of a second.
    pub fn cpu(&self) -> Duration {
        let stat = self.process().and_then(|process| process.stat()).expect("the process runs");
        Duration::from_secs_f64((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
    }

    /// What the threads that it has now have computed so far, to the nanosecond.
    pub fn cpu_of_threads(&self) -> Duration {
        let tasks = self.process().and_then(|process| process.tasks()).expect("the process runs");
        let spent =
            tasks.flatten().filter_map(|task| task.schedstat().ok()).map(|stat| stat.sum_exec_runtime);
        Duration::from_nanos(spent.sum())
    }

    /// The memory that is resident, in bytes.
    pub fn resident(&self) -> u64 {
        self.status(|status| status.vmrss)
    }

    /// The most that was resident at any time, in bytes.
    pub fn peak(&self) -> u64 {
        self.status(|status| status.vmhwm)
    }

    fn status(&self, kib: fn(procfs::process::Status) -> Option<u64>) -> u64 {
        let status = self.process().and_then(|process| process.status());
        status.ok().and_then(kib).expect("the process runs") * 1024
    }

    fn process(&self) -> procfs::ProcResult<Process> {
        Process::new(self.child.id().cast_signed())
    }
}

/// Of all, not only of those on which this process may be at the moment.
fn last_processor() -> usize {
    CpuInfo::current().map_or(0, |machine| machine.num_cores() - 1)
}

/// Does some work on all of the machine's processors but the last. Whether a server that waits is woken on the processor of
/// its client or on another that sleeps would be chance, and costs more than an answer.
pub fn beside_last_processor<T>(work: impl FnOnce() -> T) -> T {
    let last = last_processor();
    let stay_on = |processors: &str| {
        let own = std::process::id().to_string();
        let moved = Command::new("taskset")
            .args(["--cpu-list", "--pid", processors, &own])
            .stdout(Stdio::null())
            .status();
        assert!(moved.is_ok_and(|status| status.success()), "taskset, of util-linux");
    };
    stay_on(&format!("0-{}", last.saturating_sub(1)));
    let done = work();
    stay_on(&format!("0-{last}"));
    done
}

/// The exporter, which listens on this port of the machine.
pub fn exporter(program: &Path, company: &Company, port: u16, variables: &[(&str, &str)]) -> Command {
    let address = format!("127.0.0.1:{port}");
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs([("GITHUB_API_URL", &*company.api), ("GITHUB_TOKEN", &*company.token)])
        .envs([("GITHUB_ORGS", &*company.orgs.join(",")), ("EXPORTER_LISTEN_ADDRESS", &*address)])
        .envs([("GITHUB_COPILOT_API", "reports"), ("EXPORTER_LOG_LEVEL", "error")])
        .envs(variables.iter().copied());
    command
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
