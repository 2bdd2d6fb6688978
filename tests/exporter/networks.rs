//! The way out: a company's proxy, its own certificates, and a GitHub with data residency.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use github_copilot_exporter::simulator::{Options, Simulator};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{
    program::{Running, exporter},
    support::{Patience, Scrape},
    web::Authority,
};

pub const API: &str = "api.octo.ghe.com";
pub const UP: &str = r#"github_copilot_exporter_source_up{enterprise="",org="octo-labs",source="activity"}"#;

/// A proxy that leads every tunnel to the same address, and remembers what was asked of it in the clear.
struct Proxy {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let remembered = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(tunnel(client, there, Arc::clone(&remembered)));
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn tunnel(client: TcpStream, there: SocketAddr, heard: Arc<Mutex<Vec<String>>>) {
    let mut client = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if client.read_line(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    heard.lock().unwrap().push(head);
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let mut there = TcpStream::connect(there).await.unwrap();
    // Whoever leaves first ends it.
    let _ = copy_bidirectional(&mut client, &mut there).await;
}

/// Takes off TLS, with this certificate, in front of something that speaks without.
pub async fn encrypted(certificate: &Path, key: &Path, plain: SocketAddr) -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(plain).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut plain).await;
            });
        }
    });
    address
}

/// A GitHub with data residency behind a proxy, its certificate signed by nobody whom this machine knows.
struct Behind {
    github: Simulator,
    proxy: Proxy,
    authority: tempfile::TempDir,
}

impl Behind {
    async fn start() -> Self {
        let github = Simulator::start(Options { users: 40, ..Options::default() }).await.unwrap();
        let plain = github.url().trim_start_matches("http://").parse().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        authority.issue(dir.path(), "github", &[API]);
        std::fs::write(dir.path().join("authority.pem"), &authority.pem).unwrap();
        let there = encrypted(&dir.path().join("github.pem"), &dir.path().join("github.key"), plain).await;
        Self { github, proxy: Proxy::to(there).await, authority: dir }
    }

    fn exporter(&self, more: &[(&str, &str)]) -> Running {
        let proxy = format!("http://{}", self.proxy.address);
        let api = format!("https://{API}");
        let variables = [
            ("GITHUB_API_URL", &*api),
            ("GITHUB_TOKEN", "octocat-demo-token"),
            ("GITHUB_ORGS", "octo-labs"),
            ("GITHUB_COPILOT_API", "usage"),
            ("EXPORTER_SOURCES", "activity"),
            ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
            ("HTTPS_PROXY", &*proxy),
        ];
        Running::start(exporter(&["serve"], &[&variables, more].concat()))
    }
}

/// The first scrape in which the source has been tried.
pub async fn tried(running: &Running) -> Scrape {
    let address = running.address();
    let patience = Patience::new();
    loop {
        let text = reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap();
        let scrape = Scrape::read(text);
        if scrape.get(UP).is_some() {
            return scrape;
        }
        patience.check("the source was tried");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn github_is_reached_through_the_proxy_of_the_environment_with_the_companys_own_certificate() {
    let behind = Behind::start().await;
    let authority = behind.authority.path().join("authority.pem");
    let running = behind.exporter(&[("SSL_CERT_FILE", authority.to_str().unwrap())]);
    let scrape = tried(&running).await;
    assert_eq!(scrape.get(UP), Some(1.0), "{}", scrape.text);
    let heard = behind.proxy.heard();
    assert!(!heard.is_empty());
    for head in heard {
        assert!(head.starts_with(&format!("CONNECT {API}:443 ")), "{head}");
        assert!(!head.contains("octocat-demo-token"), "the proxy must not hear the token: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_known_has_signed_is_a_network_failure_and_the_token_is_not_sent() {
    let behind = Behind::start().await;
    let stranger = tempfile::tempdir().unwrap();
    std::fs::write(stranger.path().join("other.pem"), &Authority::new().pem).unwrap();
    let other = stranger.path().join("other.pem");
    let running = behind.exporter(&[("SSL_CERT_FILE", other.to_str().unwrap())]);
    let scrape = tried(&running).await;
    assert_eq!(scrape.get(UP), Some(0.0), "{}", scrape.text);
    let failures = UP.replace("source_up", "source_failures_total").replace('}', r#",reason="network"}"#);
    assert_eq!(scrape.get(&failures), Some(1.0), "{}", scrape.text);
    assert!(behind.github.requests().is_empty(), "the token was not sent to a stranger");
    let line = running.line_with("refresh failed");
    assert!(line.contains("certificate") || line.contains("UnknownIssuer"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_no_proxy_names_is_reached_without_it() {
    let behind = Behind::start().await;
    // Nobody listens there, and the proxy, which would answer, is not to be asked. This address is this machine, too, but not
    // by its number.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let api = format!("https://0.0.0.0:{}", nobody.port());
    let running = behind.exporter(&[("GITHUB_API_URL", &*api), ("NO_PROXY", "0.0.0.0")]);
    let scrape = tried(&running).await;
    assert_eq!(scrape.get(UP), Some(0.0), "{}", scrape.text);
    assert_eq!(behind.proxy.heard(), [""; 0]);
}
