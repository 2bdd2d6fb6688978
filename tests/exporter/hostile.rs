//! A raw socket between the exporter and the simulated GitHub: it passes every answer on, but for those that it was told
//! to spoil, and these it can spoil byte by byte.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use flate2::{Compress, Compression, FlushCompress};
use github_copilot_exporter::simulator::Simulator;
use reqwest::header::{HeaderMap, HeaderName};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The download host is a path here: links to it are written anew.
const DOWNLOADS: &str = "/downloads";

/// What GitHub would have answered.
#[derive(Clone, Debug)]
pub struct Good {
    /// Where the hostile socket is, for links.
    pub base: String,
    /// The path and query that were asked for.
    pub target: String,
    pub body: Vec<u8>,
}

/// What comes over the wire instead.
#[derive(Clone, Debug)]
pub enum Wire {
    /// These bytes, and then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for as long as the client bears it.
    Silence(Vec<u8>),
    /// These bytes one by one, and then nothing, for as long as the client bears it.
    Drip(Vec<u8>),
    /// The beginning, and then the rest again and again, for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, and then a reset of the connection.
    Reset(Vec<u8>),
}

type Spoil = Arc<dyn Fn(&Good) -> Wire + Send + Sync>;
type Concerns = fn(&str) -> bool;

/// The socket, until it is dropped.
pub struct Hostile {
    pub base: String,
    inner: Arc<Inner>,
    listening: tokio::task::JoinHandle<()>,
}

struct Inner {
    base: String,
    api: String,
    downloads: String,
    http: reqwest::Client,
    spoil: Mutex<Option<(Concerns, Spoil)>>,
    /// How many answers were spoilt.
    spoilt: Mutex<usize>,
    /// The signatures of all links that came by.
    signatures: Mutex<BTreeSet<String>>,
}

impl Hostile {
    /// Stands before this GitHub and spoils nothing yet.
    pub async fn before(simulator: &Simulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let company = simulator.announcement();
        let http = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        let base = format!("http://{address}");
        let inner = Arc::new(Inner {
            base: base.clone(),
            api: company.api,
            downloads: company.downloads,
            http,
            spoil: Mutex::default(),
            spoilt: Mutex::default(),
            signatures: Mutex::default(),
        });
        let own = Arc::clone(&inner);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = Arc::clone(&own);
                // A client that goes away is no matter of ours.
                tokio::spawn(async move { drop(inner.converse(stream).await) });
            }
        });
        Self { base, inner, listening }
    }

    /// Spoils the answers to these targets from now on.
    pub fn spoil(&self, concerns: Concerns, spoil: impl Fn(&Good) -> Wire + Send + Sync + 'static) {
        *self.inner.spoil.lock().unwrap() = Some((concerns, Arc::new(spoil)));
    }

    /// How many answers were spoilt so far.
    pub fn spoilt(&self) -> usize {
        *self.inner.spoilt.lock().unwrap()
    }

    /// The signatures of all links that came by.
    pub fn signatures(&self) -> BTreeSet<String> {
        self.inner.signatures.lock().unwrap().clone()
    }

    /// Spoils nothing any more. How many answers were spoilt since the last time.
    pub fn heal(&self) -> usize {
        *self.inner.spoil.lock().unwrap() = None;
        std::mem::take(&mut *self.inner.spoilt.lock().unwrap())
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Inner {
    async fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let _ = stream.set_nodelay(true);
        while let Some((target, headers)) = head(&mut stream).await? {
            let spoil = self.spoil.lock().unwrap().clone().filter(|(concerns, _)| concerns(&target));
            let Some((_, spoil)) = spoil else {
                let answer = self.good(&target, &headers).await?;
                stream.write_all(&answer.whole()).await?;
                continue;
            };
            // What is spoilt has a body: it is asked for without conditions.
            let headers: Vec<_> = headers.into_iter().filter(|(name, _)| name != "if-none-match").collect();
            let good = self.good(&target, &headers).await?;
            *self.spoilt.lock().unwrap() += 1;
            let good = Good { base: self.base.clone(), target, body: good.body };
            return spoil(&good).send(stream).await;
        }
        Ok(())
    }

    /// What GitHub answers, with links to this socket.
    async fn good(&self, target: &str, headers: &[(String, String)]) -> std::io::Result<Answer> {
        let (host, path) = match target.strip_prefix(DOWNLOADS) {
            Some(path) => (&self.downloads, path),
            None => (&self.api, target),
        };
        let mut request = self.http.get(format!("{host}{path}"));
        for (name, value) in headers.iter().filter(|(name, _)| name != "host" && name != "accept-encoding") {
            request = request.header(name, value);
        }
        // At the end of a test GitHub goes first.
        let response = request.send().await.map_err(std::io::Error::other)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(std::io::Error::other)?.to_vec();
        let body = match String::from_utf8(body) {
            Ok(text) if host == &self.api => self.here(&text).into_bytes(),
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        Ok(Answer { status, head: self.head(&headers), body })
    }

    /// The same text with addresses of this socket.
    fn here(&self, text: &str) -> String {
        let signed = text.split("sig=").skip(1).filter_map(|rest| rest.split(['"', '&']).next());
        self.signatures.lock().unwrap().extend(signed.map(str::to_owned));
        text.replace(&self.downloads, &format!("{}{DOWNLOADS}", self.base)).replace(&self.api, &self.base)
    }

    fn head(&self, headers: &HeaderMap) -> String {
        let framing =
            ["content-length", "transfer-encoding", "connection", "date"].map(HeaderName::from_static);
        let kept = headers.iter().filter(|(name, _)| !framing.contains(name));
        kept.map(|(name, value)| format!("{name}: {}\r\n", self.here(value.to_str().unwrap()))).collect()
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn whole(&self) -> Vec<u8> {
        let Self { status, head, body } = self;
        let length =
            if *status == 304 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        [format!("HTTP/1.1 {status} Whatever\r\n{head}{length}\r\n").as_bytes(), body].concat()
    }
}

impl Wire {
    async fn send(self, mut stream: TcpStream) -> std::io::Result<()> {
        match self {
            Self::Bytes(bytes) => {
                stream.write_all(&bytes).await?;
                stream.shutdown().await?;
                // Closing with unread bytes would be a reset.
                until_it_leaves(&mut stream).await
            }
            Self::Silence(bytes) => {
                stream.write_all(&bytes).await?;
                until_it_leaves(&mut stream).await
            }
            Self::Drip(bytes) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    // The fault itself; nobody waits for it.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                until_it_leaves(&mut stream).await
            }
            Self::Endless(beginning, rest) => {
                stream.write_all(&beginning).await?;
                loop {
                    stream.write_all(&rest).await?;
                }
            }
            Self::Reset(bytes) => {
                stream.write_all(&bytes).await?;
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))
            }
        }
    }
}

async fn until_it_leaves(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

/// The target of a request and its headers, in lower case.
async fn head(stream: &mut TcpStream) -> std::io::Result<Option<(String, Vec<(String, String)>)>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            // The beginning of TLS, of which nothing is understood here.
            Ok(0x16) if head.is_empty() => return Ok(None),
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Ok(Some((target, lines.filter_map(header).collect())))
}

/// An answer with this status, these further lines in its head, and this body in full.
pub fn answer(status: &str, lines: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\n{lines}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The beginning of a good answer whose length is not told.
pub fn unmeasured(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{lines}connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The header of a gzip file, and a piece of it that unpacks to so many mebibytes of this byte and can be repeated for
/// ever: nobody has to hold what is sent.
pub fn gzip_bomb(beginning: &[u8], byte: u8, mebibytes: usize) -> (Vec<u8>, Vec<u8>) {
    let mut head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    head.extend(deflated(beginning));
    (head, deflated(&vec![byte; mebibytes << 20]))
}

/// A block of deflate that ends on a whole byte and is not the last.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() / 500 + 1024);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(bytes, &mut packed, FlushCompress::Sync).unwrap();
    assert_eq!(compress.total_in(), bytes.len() as u64);
    packed
}
