//! Where an object of Amazon S3 is asked for, and the signature of the request.

use std::fmt::Write as _;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// An object, and the place where its bucket is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Address {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) region: String,
    /// Another endpoint than Amazon S3's own.
    pub(super) endpoint: Option<String>,
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

/// Domains of the partitions, by how their Regions begin. Source: the SDK's `partitions.json`.
const DOMAINS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
];

impl S3Address {
    /// The URL. The bucket is in the host's name where that makes a name that certificates cover, else in the path.
    pub(super) fn url(&self) -> String {
        let key = encoded(&self.key);
        let Self { bucket, endpoint, .. } = self;
        if let Some(endpoint) = endpoint {
            return format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/'));
        }
        let host = self.host();
        if is_label(bucket) {
            format!("https://{bucket}.{host}/{key}")
        } else {
            format!("https://{host}/{bucket}/{key}")
        }
    }

    fn host(&self) -> String {
        let region = &self.region;
        let service = if self.fips { "s3-fips" } else { "s3" };
        let stack = if self.dual_stack { ".dualstack" } else { "" };
        let known = DOMAINS.into_iter().find(|(begins, _)| region.starts_with(begins));
        let domain = known.map_or("amazonaws.com", |(_, domain)| domain);
        format!("{service}{stack}.{region}.{domain}")
    }

    /// Signs a request without a body.
    pub(super) fn sign(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        time: SystemTime,
    ) -> Result<(), String> {
        let mut settings = SigningSettings::default();
        // S3 takes the path as it is, and wants the sum of the body as a header.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let identity = Identity::from(credentials.clone());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(time)
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?;
        let headers = request.headers().iter();
        let body = SignableBody::Bytes(b"");
        let signable = SignableRequest::new(request.method(), request.uri(), headers, body);
        let signed = signable.and_then(|signable| sign(signable, &parameters.into()));
        let (instructions, _) = signed.map_err(|error| error.to_string())?.into_parts();
        for header in instructions.into_parts().0 {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(())
    }
}

/// Whether a bucket can be the first label of a host: certificates are for `*.s3.REGION.amazonaws.com`.
fn is_label(bucket: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| plain(byte) || byte == b'-')
        && bucket.bytes().next().is_some_and(plain)
        && bucket.bytes().last().is_some_and(plain)
}

/// A key as the path of a URL. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
fn encoded(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

/// Whether a text may be a Region: it becomes a part of a host's name.
pub(super) fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn address(bucket: &str, key: &str) -> S3Address {
        S3Address {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            fips: false,
            dual_stack: false,
        }
    }

    #[test]
    fn a_bucket_is_in_the_host_or_in_the_path() {
        let lists = address("lists", "2026/may 1+2=é.csv");
        let in_region = |region: &str| S3Address { region: region.to_owned(), ..lists.clone() };
        let at = |endpoint: &str| S3Address { endpoint: Some(endpoint.to_owned()), ..lists.clone() };
        let key = "2026/may%201%2B2%3D%C3%A9.csv";
        for (address, url) in [
            (lists.clone(), format!("https://lists.s3.us-east-1.amazonaws.com/{key}")),
            (address("my.lists", "a"), "https://s3.us-east-1.amazonaws.com/my.lists/a".to_owned()),
            (address("Old_Lists", "a"), "https://s3.us-east-1.amazonaws.com/Old_Lists/a".to_owned()),
            (address("lists", "//a/../b"), "https://lists.s3.us-east-1.amazonaws.com///a/../b".to_owned()),
            (in_region("cn-north-1"), format!("https://lists.s3.cn-north-1.amazonaws.com.cn/{key}")),
            (in_region("us-isob-east-1"), format!("https://lists.s3.us-isob-east-1.sc2s.sgov.gov/{key}")),
            (at("http://127.0.0.1:9000"), format!("http://127.0.0.1:9000/lists/{key}")),
            (at("https://store.example/s3/"), format!("https://store.example/s3/lists/{key}")),
            (
                S3Address { fips: true, dual_stack: true, ..lists.clone() },
                format!("https://lists.s3-fips.dualstack.us-east-1.amazonaws.com/{key}"),
            ),
        ] {
            assert_eq!(address.url(), url);
        }
    }

    /// The example of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, "GET Object".
    #[test]
    fn a_signature_is_that_of_the_documentation() {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri("https://examplebucket.s3.amazonaws.com/test.txt").unwrap();
        request.headers_mut().insert("range", "bytes=0-9");
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "documentation",
        );
        let time = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        address("examplebucket", "test.txt").sign(&mut request, &credentials, time).unwrap();
        let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(
            request.headers().get("authorization").unwrap(),
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature={signature}"
            )
        );
    }

    #[test]
    fn a_region_is_no_other_host() {
        assert!(is_region("us-west-2") && is_region("garage"));
        for text in ["", "a.example", "us/west", "US-WEST-2", "x@y"] {
            assert!(!is_region(text), "{text}");
        }
    }
}
