"""Bucket stores and the cache, from the environment and from arguments."""

from __future__ import annotations

import pytest

from ls_tools.errors import SettingsError
from ls_tools.settings import (
    AzureSettings,
    BucketSettings,
    CacheLimits,
    GcsSettings,
    S3Settings,
    Settings,
    environment_fingerprint,
)
from ls_tools.settings.environment import CREDENTIAL_VARIABLES

SECRETS = {
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=c2VjcmV0",
    "AZURE_STORAGE_KEY": "c2VjcmV0",
    "AZURE_STORAGE_SAS_TOKEN": "sig=c2VjcmV0",
}


def test_stores_are_read_from_the_variables_of_their_sdks() -> None:
    settings = Settings.from_env(
        {
            "AWS_ENDPOINT_URL": "http://all:1",
            "AWS_ENDPOINT_URL_S3": "http://s3:1",
            "STORAGE_EMULATOR_HOST": "127.0.0.1:4443",
            "AZURE_STORAGE_ACCOUNT": "pictures",
            **SECRETS,
        }
    )
    assert settings.s3 == S3Settings(endpoint_url="http://s3:1")
    assert settings.gcs == GcsSettings(endpoint_url="http://127.0.0.1:4443")
    assert settings.azure == AzureSettings(
        account_url="https://pictures.blob.core.windows.net",
        connection_string="AccountName=a;AccountKey=c2VjcmV0",
        account_key="c2VjcmV0",
        sas_token="sig=c2VjcmV0",
    )
    assert "c2VjcmV0" not in repr(settings)


def test_the_cache_is_limited_by_variables() -> None:
    settings = Settings.from_env(
        {
            "LS_TOOLS_CACHE_MAX_SIZE": "50GB",
            "LS_TOOLS_CACHE_MIN_FREE": "1GiB",
            "LS_TOOLS_CACHE_MAX_AGE": "30d",
            "LS_TOOLS_CACHE_TTL": "12h",
            "LS_TOOLS_CACHE_READ_ONLY": "yes",
        }
    )
    assert settings.cache_limits == CacheLimits(
        max_bytes=50 * 10**9,
        min_free_bytes=2**30,
        max_age_s=30 * 86_400,
        ttl_s=43_200,
        read_only=True,
    )


def test_ways_and_buckets_are_read_from_variables() -> None:
    settings = Settings.from_env(
        {
            "LS_TOOLS_CLOUD": "Direct",
            "LS_TOOLS_BUCKETS": "imgs=server, raw = auto,",
            "LS_TOOLS_ALLOWED_BUCKETS": "imgs, raw",
        }
    )
    assert settings.cloud == "direct"
    assert settings.for_bucket("imgs").cloud == "server"
    assert settings.for_bucket("raw").cloud == "auto"
    assert settings.for_bucket("other") is settings
    assert settings.allowed_buckets == ("imgs", "raw")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LS_TOOLS_CLOUD", "sideways"),
        ("LS_TOOLS_BUCKETS", "imgs"),
        ("LS_TOOLS_BUCKETS", "=server"),
        ("LS_TOOLS_BUCKETS", "imgs=sideways"),
        ("LS_TOOLS_BUCKETS", "imgs=server,imgs=direct"),
        ("LS_TOOLS_CACHE_MAX_SIZE", "much"),
        ("LS_TOOLS_CACHE_TTL", "-1"),
        ("AWS_ENDPOINT_URL", "store:9000"),
        ("AWS_ENDPOINT_URL_S3", "http://user:c2VjcmV0@store"),
        ("AWS_ENDPOINT_URL", "http://store:port"),
        ("STORAGE_EMULATOR_HOST", "http://"),
        ("AZURE_STORAGE_ACCOUNT", "Not An Account"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_env({name: text})
    assert "c2VjcmV0" not in str(caught.value)


def test_a_group_that_is_passed_takes_nothing_from_the_environment() -> None:
    given = AzureSettings(account_url="https://mine.blob.core.windows.net")
    settings = Settings.from_env(SECRETS, azure=given)
    assert settings.azure == given


def test_the_settings_of_a_bucket_take_the_place_of_the_general_ones() -> None:
    own = S3Settings(endpoint_url="http://minio:9000")
    settings = Settings(
        s3=S3Settings(profile="me"),
        gcs=GcsSettings(project="p"),
        buckets={"imgs": BucketSettings(cloud="direct", s3=own)},
    )
    found = settings.for_bucket("imgs")
    assert (found.cloud, found.s3, found.gcs) == ("direct", own, settings.gcs)


@pytest.mark.parametrize(
    "settings",
    [
        {"cloud": "sideways"},
        {"buckets": {"b": BucketSettings(cloud="sideways")}},  # type: ignore[arg-type]
        {"s3": S3Settings(endpoint_url="store:9000")},
        {"gcs": GcsSettings(endpoint_url="")},
        {"azure": AzureSettings(account_url="https://a.example/?sig=c2VjcmV0")},
        {"buckets": {"b": BucketSettings(s3=S3Settings(endpoint_url="ftp://x"))}},
    ],
)
def test_stores_that_cannot_be_reached_are_refused_at_once(
    settings: dict[str, object],
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings(**settings)  # type: ignore[arg-type]
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    "name", [*CREDENTIAL_VARIABLES, *SECRETS, "LS_TOOLS_BUCKETS", "AWS_ENDPOINT_URL"]
)
def test_what_decides_the_credentials_changes_the_fingerprint(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    before = environment_fingerprint()
    monkeypatch.setenv(name, "another")
    assert environment_fingerprint() != before


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ENDPOINT_URL",
        "AZURE_STORAGE_ACCOUNT",
        "LABEL_STUDIO_URL",
        "STORAGE_EMULATOR_HOST",
    ],
)
def test_password_that_breaks_its_url_is_not_quoted(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: "http://user:c2Vj/cmV0@host"})
    assert "c2Vj" not in str(caught.value)
    assert "cmV0" not in str(caught.value)


def test_home_folder_of_nobody_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="home folder"):
        Settings.from_env({"LS_TOOLS_CACHE_DIR": "~nobody-of-this-name/cache"})
