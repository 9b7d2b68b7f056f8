//! What the SDK would work out anew for each request, worked out once: the body, and who is calling.
//!
//! The body is [`ContactRequest::body`](crate::domain::message::request::ContactRequest::body) to the byte, put in before the
//! request is signed: the SDK's own serializer goes through hash maps, whose order changes from one attempt to the next.
//! What it would have said is what ours says, which a test in `typed.rs` holds.

use aws_config::AppName;
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent, UserAgentInterceptor};
use aws_sdk_connect::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_connect::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_connect::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{disable_interceptor, dyn_dispatch_hint};
use aws_smithy_types::body::SdkBody;
use aws_types::os_shim_internal::Env;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, HeaderName, USER_AGENT};

const X_AMZ_USER_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");

tokio::task_local! {
    /// The body of the request that is being made.
    static BODY: Bytes;
}

/// Makes requests with this body: `call` is one call of the SDK.
pub(super) async fn with_body<T>(body: Vec<u8>, call: impl Future<Output = T>) -> T {
    BODY.scope(Bytes::from(body), call).await
}

/// Puts what is prepared into each request.
#[derive(Debug)]
pub(super) struct Prepared {
    user_agent: Option<HeaderValue>,
}

impl Prepared {
    pub(super) fn new() -> Self {
        let api = ApiMetadata::new("connect", aws_sdk_connect::meta::PKG_VERSION);
        let mut agent = AwsUserAgent::new_from_environment(Env::real(), api);
        if let Ok(name) = AppName::new(concat!("campaign-", env!("CARGO_PKG_VERSION"))) {
            agent.set_app_name(name);
        }
        Self { user_agent: HeaderValue::try_from(agent.aws_ua_header()).ok() }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Prepared {
    fn name(&self) -> &'static str {
        "Prepared"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = cfg.interceptor_state();
        if self.user_agent.is_some() {
            state.store_put(disable_interceptor::<UserAgentInterceptor>("it is prepared"));
        }
        // These say which request of the SDK's own retries it is; those are off.
        state.store_put(disable_interceptor::<RequestInfoInterceptor>(
            "it would say that nothing is tried again",
        ));
        state.store_put(disable_interceptor::<InvocationIdInterceptor>("nothing is tried again"));
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = BODY.try_with(Bytes::clone)?;
        let request = context.request_mut();
        let headers = request.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Some(user_agent) = &self.user_agent {
            headers.insert(USER_AGENT, user_agent.clone());
            headers.insert(X_AMZ_USER_AGENT, user_agent.clone());
        }
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }
}

/// Takes the signature off again, and what is sent with one.
#[derive(Debug)]
pub(super) struct Unsigned;

#[dyn_dispatch_hint]
impl Intercept for Unsigned {
    fn name(&self) -> &'static str {
        "Unsigned"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
            headers.remove(name);
        }
        Ok(())
    }
}
