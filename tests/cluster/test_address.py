"""Laws of what may be named as scheduler: plain text stays on this machine (fault 55)."""

import socket

import pytest

from napari_vessel.cluster import connect
from napari_vessel.cluster._address import local_workers, require_safe, scheduler_address
from napari_vessel.cluster._cluster import Workers
from napari_vessel.cluster._local import worker_environments
from napari_vessel.errors import CallerError, ComputeError

from .conftest import QUICK, threads_for_workers


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.5:8786",
        "10.0.0.5:8786",
        "tcp://gpu-node:8786",
        "gpu-node:8786",
        "ws://gpu-node:8786",
        "tcp://0.0.0.0:8786",
        "tcp://127.0.0.1.evil.example:8786",
        "tcp://localhost.evil.example:8786",
        "tcp://[fe80::1]:8786",
    ],
)
def test_plain_text_to_another_machine_is_refused_with_words_how(address):
    with pytest.raises(CallerError, match=r"tls://HOST:PORT .*docs/cluster\.md"), connect(address):
        pass


@pytest.mark.parametrize("address", ["", "kidney.ome.zarr", "http://host:1", "tls://", "local:x"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(CallerError):
        scheduler_address(address)


@pytest.mark.parametrize(
    "address",
    ["tls://gpu-node:8786", "tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786"],
)
def test_this_machine_and_tls_are_taken(address):
    assert scheduler_address(address) == address


def test_a_local_cluster_of_no_worker_is_refused():
    with pytest.raises(CallerError, match="local:1"):
        local_workers("local:0")


def test_a_scheduler_here_whose_workers_are_elsewhere_in_plain_text_is_refused():
    workers = ["tcp://127.0.0.1:4000", "tcp://10.0.0.7:4000"]
    with pytest.raises(CallerError, match=r"tcp://10\.0\.0\.7:4000"):
        require_safe(workers, "The scheduler's worker")


def test_nobody_there_is_said_in_bounded_time():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    hurried = QUICK.model_copy(update={"connect_s": 0.5})
    with (
        pytest.raises(ComputeError, match="No scheduler answers"),
        connect(address, config=hurried),
    ):
        pass


def test_tls_without_certificates_is_said_with_words_how():
    with (
        pytest.raises(CallerError, match=r"distributed\.comm\.tls\.ca-file"),
        connect("tls://127.0.0.1:1", config=QUICK),
    ):
        pass


def test_certificates_that_are_missing_are_said_with_words_how(tmp_path):
    import dask

    files = dict.fromkeys(("ca-file", "client.cert", "client.key"), str(tmp_path / "none.pem"))
    with (
        dask.config.set({f"distributed.comm.tls.{name}": file for name, file in files.items()}),
        pytest.raises(CallerError, match=r"certificates .*docs/cluster\.md"),
        connect("tls://127.0.0.1:1", config=QUICK),
    ):
        pass


def test_plain_text_that_dask_s_configuration_forbids_is_refused():
    import dask

    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(CallerError, match="asks for encryption"),
        connect("tcp://127.0.0.1:1", config=QUICK),
    ):
        pass


def test_tls_with_the_certificates_of_dask_s_own_configuration_connects(tmp_path):
    import dask
    from distributed import Security

    keys = Security.temporary()
    files = {}
    for name in ("tls_ca_file", "tls_client_cert", "tls_client_key"):
        (tmp_path / name).write_text(getattr(keys, name))
        files[name] = str(tmp_path / name)
    tls = {
        "distributed.comm.tls.ca-file": files["tls_ca_file"],
        "distributed.comm.tls.client.cert": files["tls_client_cert"],
        "distributed.comm.tls.client.key": files["tls_client_key"],
    }
    with (
        threads_for_workers(1, protocol="tls://", security=keys) as made,
        dask.config.set(tls),
        connect(made.scheduler_address, config=QUICK) as cluster,
    ):
        assert len(cluster.workers().slots) == 1


def test_where_workers_declare_gpus_tasks_go_to_those_one_for_each():
    info = {
        "tls://a:1": {"nthreads": 8, "resources": {}},
        "tls://b:1": {"nthreads": 8, "resources": {"GPU": 1}},
    }
    assert Workers.of(info) == Workers({"tls://b:1": 1}, {"GPU": 1})
    assert Workers.of({"tls://a:1": {"nthreads": 8}}).slots == {"tls://a:1": 8}


@pytest.mark.parametrize("workers", [0, 1, 3, 5])
def test_no_local_worker_has_two_gpus_and_cores_are_not_given_twice(workers):
    environments = worker_environments(workers, 16, ["0", "GPU-abc", "3"])
    assert len(environments) == (workers or 3)
    assert {env["CUDA_VISIBLE_DEVICES"] for env in environments} <= {"0", "GPU-abc", "3"}
    assert sum(int(env["OMP_NUM_THREADS"]) for env in environments) <= 16
