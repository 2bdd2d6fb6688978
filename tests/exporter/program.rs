//! The program as a process of its own, and other people's programs.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::support::Patience;

/// The longest a program may take to say or do what it is started for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs this program with nothing in its environment but these variables.
pub fn exporter(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_github-copilot-exporter"));
    command.env_clear().envs(variables.iter().copied()).args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A program that runs until it is dropped.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    /// Starts it and listens to both of its outputs.
    ///
    /// # Panics
    /// If it is not installed; the message says what to do.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = command.get_program().to_owned();
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; `make test` installs what the tests need", name.display())
        });
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Whoever started it may have stopped listening.
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A size of its memory as the kernel counts it, in KiB: `VmRSS` is now, `VmHWM` the most so far.
    pub fn memory_kib(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        size.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits for a line with this in it.
    pub fn line_with(&self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line with {part:?}: {error}"),
            }
        }
    }

    /// The address in the log line that says where the exporter serves.
    pub fn address(&self) -> String {
        let line = self.line_with("message=serving");
        line.split("address=").nth(1).unwrap().split(' ').next().unwrap().to_owned()
    }

    /// Waits until it listens for connections, and returns the port as the kernel knows it: that way a program can be
    /// given port 0 even if it does not say which one it got.
    pub fn port(&self) -> u16 {
        let patience = Patience::new();
        loop {
            if let Some(port) = self.listening() {
                return port;
            }
            patience.check("a port to listen on");
            thread::yield_now();
        }
    }

    fn listening(&self) -> Option<u16> {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.id())).ok()?;
        let open: BTreeSet<_> =
            descriptors.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).collect();
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.id())).ok()?;
        // Each line: number, own address, other address, state (0A is listening), …, and the tenth is the inode.
        table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).find_map(|fields| {
            let socket = format!("socket:[{}]", fields[9]);
            let own = fields[3] == "0A" && open.contains(Path::new(&socket));
            own.then(|| u16::from_str_radix(fields[1].split(':').nth(1)?, 16).ok()).flatten()
        })
    }

    /// Asks it to stop, as Kubernetes does, and returns how it ended and what it said since.
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        let sent = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        (status, self.lines.iter().collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What Prometheus's own linter says of an exposition: nothing, if it is clean.
pub fn promtool_check(exposition: &str) -> (Option<i32>, String) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool is missing; `make test` installs what the tests need");
    child.stdin.take().unwrap().write_all(exposition.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}
