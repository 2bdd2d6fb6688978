//! A client that does next to nothing, so that what is measured is the server.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread::sleep,
    time::{Duration, Instant},
};

/// One connection that is kept.
pub struct Client {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Will ask a server on this machine for `path`.
    pub fn connect(port: u16, path: &str, gzip: bool) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let encoding = if gzip { "Accept-Encoding: gzip\r\n" } else { "" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{encoding}\r\n");
        Ok(Self { stream, request, buffer: vec![0; 256 << 10] })
    }

    /// Asks once and passes over the body: its length.
    pub fn ask(&mut self) -> std::io::Result<usize> {
        self.answer(|_| ())
    }

    /// Asks once: the body.
    pub fn body(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.answer(|part| body.extend_from_slice(part))?;
        Ok(body)
    }

    fn answer(&mut self, mut take: impl FnMut(&[u8])) -> std::io::Result<usize> {
        self.stream.write_all(self.request.as_bytes())?;
        let mut filled = 0;
        let (start, length) = loop {
            filled += self.read(filled)?;
            if let Some(head) = head(&self.buffer[..filled]) {
                break head;
            }
        };
        take(&self.buffer[start..filled]);
        let mut come = filled - start;
        while come < length {
            let more = self.read(0)?;
            take(&self.buffer[..more]);
            come += more;
        }
        Ok(length)
    }

    fn read(&mut self, from: usize) -> std::io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..])? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            length => Ok(length),
        }
    }
}

/// Where the body begins, and how long it is, once the head of a good answer is there.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    Some((end + 4, length.trim().parse().expect("a number")))
}

/// What `/metrics` says as soon as `is_there` finds it there, at the latest after two minutes.
pub fn wait_for(port: u16, pause: Duration, is_there: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let text = scrape(port);
        if !text.is_empty() && is_there(&text) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "the exporter has not got there in two minutes");
        sleep(pause);
    }
}

/// What `/metrics` says now; nothing while it does not answer.
pub fn scrape(port: u16) -> String {
    let body = Client::connect(port, "/metrics", false).and_then(|mut client| client.body());
    String::from_utf8_lossy(&body.unwrap_or_default()).into_owned()
}

/// Whether a source of everybody is up.
pub fn is_up(text: &str, source: &str) -> bool {
    let label = format!("source=\"{source}\"");
    let mut lines = text
        .lines()
        .filter(|line| line.starts_with("github_copilot_exporter_source_up") && line.contains(&label))
        .peekable();
    lines.peek().is_some() && lines.all(|line| line.ends_with(" 1"))
}

/// A port of this machine that is free.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
