import pytest


@pytest.fixture(autouse=True)
def no_cache_of_the_person(tmp_path_factory, monkeypatch):
    """Keep nothing of remote volumes, and never in the person's own folder."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "chunks").mkdir()
    (folder / "chunks" / "cache.json").write_text('{"limit_gb": 0}')
    monkeypatch.setenv("NAPARI_VESSEL_CACHE", str(folder))
    return folder
