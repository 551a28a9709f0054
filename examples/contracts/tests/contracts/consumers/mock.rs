use std::fs;
use std::path::{Path, PathBuf};

use contracts::Agreement;
use pact_consumer::prelude::{PactBuilder, StartMockServer, ValidatingMockServer};

use crate::files::complaint;

/// A provider that answers as its consumer expects, and nothing else.
pub(crate) struct Mock {
    agreement: Agreement,
    server: Box<dyn ValidatingMockServer>,
    written: PathBuf,
}

impl Mock {
    /// The provider of an agreement; `expect` says what it is about.
    pub(crate) fn new(agreement: Agreement, expect: impl FnOnce(&mut PactBuilder)) -> Self {
        let written = format!("pacts-{:016x}", fastrand::u64(..));
        let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join(written);
        let mut pact = PactBuilder::new_v4(agreement.consumer, agreement.provider);
        expect(pact.with_output_dir(&written));
        Self { agreement, server: pact.start_mock_server(None, None), written }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        self.server.url().as_str().trim_end_matches('/').to_owned()
    }

    /// What was asked that nobody expected, or expected and not asked.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.server.status().iter().map(|it| it.to_json().to_string()).collect()
    }

    /// All that is expected was asked, and no more; and that is what the committed file says.
    pub(crate) fn agreed(self) {
        let refused = self.refused();
        assert!(refused.is_empty(), "{}", refused.join("\n"));
        // It writes its file when it ends.
        drop(self.server);
        let complaint = complaint(self.agreement, &self.written.join(self.agreement.file_name()));
        fs::remove_dir_all(&self.written).unwrap();
        if let Some(complaint) = complaint {
            panic!("{complaint}");
        }
    }
}
