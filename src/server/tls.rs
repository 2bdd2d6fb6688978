//! TLS by rustls: certificate, key, and who must show a certificate.

use std::{
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
        SignatureScheme, SupportedProtocolVersion,
        client::danger::HandshakeSignatureValid,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
        server::{
            WebPkiClientVerifier,
            danger::{ClientCertVerified, ClientCertVerifier},
        },
        version::{TLS12, TLS13},
    },
};
use webpki::EndEntityCert;

/// So much of a file is read.
const LARGEST: u64 = 1 << 20;

/// `tls_server_config`.
#[derive(Debug)]
pub struct TlsConfig {
    /// The chain of the server's certificate.
    pub certificate: Pem,
    /// The private key that belongs to it.
    pub key: Pem,
    /// Who must show a certificate, if anybody.
    pub clients: Option<Clients>,
    /// What is spoken.
    pub versions: Vec<Version>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

/// Where something in PEM is, with the key of the web configuration that says so.
#[derive(Clone, Debug)]
pub enum Pem {
    /// In a file of its own.
    File {
        /// The key, for messages.
        key: String,
        /// The file.
        path: PathBuf,
    },
    /// In the web configuration itself.
    Text {
        /// The key, for messages.
        key: String,
        /// What it holds.
        pem: SecretString,
    },
}

/// How clients are asked for a certificate.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Who must have signed it.
    pub authority: Pem,
    /// Whether it may be left out.
    pub required: bool,
    /// Which names it must have, one of them, if not any.
    pub allowed_names: Option<Vec<AllowedName>>,
}

/// A name in a certificate, compared as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedName {
    /// A DNS name or a URI.
    Text(String),
    /// An address.
    Ip(IpAddr),
}

/// What [`Pem`] pointed to when it was looked at.
#[derive(Debug)]
pub struct Found {
    key: String,
    bytes: Result<SecretBytes, io::Error>,
}

type SecretBytes = secrecy::SecretBox<Vec<u8>>;

/// Everything that TLS is made of, as it was found.
#[derive(Debug)]
pub struct Material {
    certificate: Found,
    key: Found,
    authority: Option<Found>,
}

impl Pem {
    fn read(&self) -> Found {
        match self {
            Self::File { key, path } => {
                Found { key: format!("{key} {}:", path.display()), bytes: beginning(path) }
            }
            Self::Text { key, pem } => Found {
                key: key.clone(),
                bytes: Ok(SecretBytes::new(pem.expose_secret().as_bytes().to_vec().into())),
            },
        }
    }
}

fn beginning(path: &PathBuf) -> io::Result<SecretBytes> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(SecretBytes::new(bytes.into()))
}

impl Found {
    /// The bytes, for a digest; of what could not be read the reason.
    pub fn content(&self) -> Vec<u8> {
        match &self.bytes {
            Ok(bytes) => bytes.expose_secret().clone(),
            Err(error) => error.to_string().into_bytes(),
        }
    }

    fn bytes(&self) -> Result<&[u8], String> {
        match &self.bytes {
            Ok(bytes) => Ok(bytes.expose_secret()),
            Err(error) => Err(format!("{} cannot be read: {error}", self.key)),
        }
    }

    /// All certificates in it, at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.bytes()?).collect();
        let certificates = certificates.unwrap_or_default();
        if certificates.is_empty() {
            return Err(format!("{} must be certificates in PEM", self.key));
        }
        Ok(certificates)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, String> {
        // What it says of a key that is none is not repeated.
        PrivateKeyDer::from_pem_slice(self.bytes()?)
            .map_err(|_| format!("{} must be a private key in PEM, without a password", self.key))
    }
}

impl TlsConfig {
    /// Reads what it points to.
    pub fn read(&self) -> Material {
        Material {
            certificate: self.certificate.read(),
            key: self.key.read(),
            authority: self.clients.as_ref().map(|clients| clients.authority.read()),
        }
    }

    /// What answers a handshake.
    ///
    /// # Errors
    /// All problems at once.
    pub fn acceptor(&self, material: &Material) -> Result<TlsAcceptor, Vec<String>> {
        // The one that requests to GitHub use, too.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut problems = Vec::new();
        let certificates = material.certificate.certificates().map_err(|problem| problems.push(problem));
        let key = material.key.private_key().map_err(|problem| problems.push(problem));
        let verifier = self.verifier(material, &provider).map_err(|problem| problems.push(problem));
        let (Ok(certificates), Ok(key), Ok(verifier)) = (certificates, key, verifier) else {
            return Err(problems);
        };
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(
                &self.versions.iter().map(|version| version.supported()).collect::<Vec<_>>(),
            )
            .map_err(|_| vec!["tls_server_config.min_version and max_version leave no version".to_owned()])?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(certificates, key).map_err(|_| {
            vec![format!(
                "{} must be the private key of the certificate, of a kind that is supported",
                material.key.key
            )]
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn verifier(
        &self,
        material: &Material,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
        let (Some(clients), Some(authority)) = (&self.clients, &material.authority) else { return Ok(None) };
        let broken = |_| format!("{} must be certificates that can sign others", authority.key);
        let mut roots = RootCertStore::empty();
        for certificate in authority.certificates()? {
            roots.add(certificate).map_err(broken)?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = if clients.required { builder } else { builder.allow_unauthenticated() };
        let verifier = builder.build().map_err(|_| format!("{} must be certificates", authority.key))?;
        Ok(Some(match &clients.allowed_names {
            Some(names) => Arc::new(ByName { verifier, names: names.clone() }),
            None => verifier,
        }))
    }
}

impl Material {
    /// Everything that was found.
    pub fn found(&self) -> impl Iterator<Item = &Found> {
        [&self.certificate, &self.key].into_iter().chain(&self.authority)
    }
}

impl Version {
    fn supported(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::Tls12 => &TLS12,
            Self::Tls13 => &TLS13,
        }
    }
}

/// Verifies a client's certificate, and that one of its names is allowed.
#[derive(Debug)]
struct ByName {
    verifier: Arc<dyn ClientCertVerifier>,
    names: Vec<AllowedName>,
}

impl ByName {
    fn allows(&self, certificate: &EndEntityCert<'_>) -> bool {
        self.names.iter().any(|name| match name {
            AllowedName::Text(text) => {
                certificate.valid_dns_names().chain(certificate.valid_uri_names()).any(|name| name == text)
            }
            AllowedName::Ip(address) => {
                certificate.verify_is_valid_for_subject_name(&ServerName::from(*address)).is_ok()
            }
        })
    }
}

impl ClientCertVerifier for ByName {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(end_entity, intermediates, now)?;
        let certificate = EndEntityCert::try_from(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        if self.allows(&certificate) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
