"""Spaces and architectures."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import ganas
import pytest


def test_the_spaces_of_the_command_line(binary):
    assert ganas.Space.names() == binary("space", "list").stdout.split()
    for name in ganas.Space.names():
        space = ganas.Space(name)
        sampled = binary("space", "sample", name, "-n", "3", "--seed", "7").stdout.splitlines()
        assert [str(arch) for arch in space.sample(3, seed=7)] == sampled
        assert all(arch in space and space.parse(str(arch)) == arch for arch in space.sample(20))


def test_an_architecture_is_its_text():
    space = ganas.Space("nasbench201")
    text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
    arch = space.parse(text)
    assert str(arch) == text and repr(arch) == f'Arch("nasbench201", "{text}")'
    assert arch == space.parse(text) and hash(arch) == hash(space.parse(text))
    assert arch != space.sample()[0] and arch != text
    assert arch not in ganas.Space("nasbench101")
    assert text in space and "|none~0|" not in space and 7 not in space


def test_isomorphic_cells_are_equal():
    space = ganas.Space("nasbench101")
    one = space.parse("input;conv1x1-bn-relu;maxpool3x3;output|110011")
    other = space.parse("input;maxpool3x3;conv1x1-bn-relu;output|110011")
    assert one == other and len({one, other}) == 1


def test_sizes_and_iteration(chain):
    space = ganas.Space("chain.toml")
    assert len(space) == space.size == 625
    assert len(set(space)) == 625 and all(arch in space for arch in space)
    large = ganas.Space("darts")
    assert large.size is None or large.size > 10**15
    with pytest.raises(ValueError, match="sample from it"):
        iter(large)
    assert large


def test_neighbors_are_one_edit_away(chain):
    space = ganas.Space("chain.toml")
    near = space.neighbors("a;b;c;d")
    assert len(near) == 16
    assert all(sum(x != y for x, y in zip(str(a)[::2], "abcd")) == 1 for a in near)


def test_costs(chain):
    space = ganas.Space("chain.toml")
    assert space.costs == ["params"] and space.params("a;b;c;d") == 10
    assert space.parse("e;e;e;e").costs == {"params": 20}
    with pytest.raises(ValueError, match="does not know `macs`; it knows params"):
        space.macs("a;a;a;a")


def test_what_cannot_be_used_is_a_value_error(chain):
    for argument, said in [
        ("nasbench102", "did you mean `nasbench101`"),
        ("missing.toml", "missing.toml: there is no such file"),
        ("chain.csv", "chain.csv:1: "),
    ]:
        with pytest.raises(ValueError, match=said):
            ganas.Space(argument)
    with pytest.raises(ValueError, match="unknown op `x`"):
        ganas.Space("chain.toml").parse("x;a;a;a")
    with pytest.raises(ValueError, match='use `sampler="uniform"`'):
        ganas.Space("chain.toml").sample(sampler="adjacency")
    with pytest.raises(TypeError, match="ganas.Arch"):
        ganas.Space("chain.toml").neighbors(3)
    with pytest.raises(ValueError, match="of the space `nasbench201`, not of `chain`"):
        ganas.Space("chain.toml").params(ganas.Space("nasbench201").sample()[0])


def test_pickles_need_no_file(chain):
    archs = ganas.Space("chain.toml").sample(5) + ganas.Space("nasbench101").sample(5)
    Path("archs.pickle").write_bytes(pickle.dumps(archs))
    assert copy.deepcopy(archs) == archs
    Path("chain.toml").unlink()
    code = (
        "import pickle, pathlib\n"
        "archs = pickle.loads(pathlib.Path('archs.pickle').read_bytes())\n"
        "print([(str(a), a.costs['params'], a.space.name) for a in archs])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = [(str(a), a.costs["params"], a.space.name) for a in archs]
    assert ran.stdout.strip() == str(expected)
    space = ganas.Space("nasbench201", merge_isomorphic=True)
    assert pickle.loads(pickle.dumps(space)) == space != ganas.Space("nasbench201")


def test_numbers_off_the_grid_are_snapped_and_the_file_says_the_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open("space.toml", "w") as file:
        file.write(
            'name = "s"\nkind = "config"\nstart = ["lr=0.1;n=2"]\n'
            "choice = [{ name = 'lr', values = [0.01, 0.1, 1.0], log = true }, { name = 'n', low = 1, high = 4 }]"
        )
    plain, snapping = ganas.Space("space.toml"), ganas.Space("space.toml", snap=True)
    off = {"lr": 0.02, "n": 3}
    with pytest.raises(ValueError, match=r"the nearest is 0\.01 \(`snap` takes it\)"):
        plain.parse(off)
    assert dict(snapping.parse(off)) == {"lr": 0.01, "n": 3}
    assert pickle.loads(pickle.dumps(snapping)).snap and not plain.snap
    search = ganas.Search("space.toml", "random", queries=3, objective="loss:min")
    assert str(search.ask()[0]) == "lr=0.1;n=2"
    search = ganas.Search(
        "space.toml", "random", 3, objective="loss:min", start=["lr=0.02;n=3"], snap=True, dir="run"
    )
    first = search.ask()[0]
    assert str(first) == "lr=0.01;n=3"
    search.tell(first, 1.0)
    search.close()
    search = ganas.Search.load("run")
    assert search.space.snap and search.history.arch.tolist() == ["lr=0.01;n=3"]
    search.close()
    with pytest.raises(ValueError, match="no numbers to snap to"):
        ganas.Space("nasbench201", snap=True)


def test_graphs_as_networkx_and_numpy_have_them():
    networkx = pytest.importorskip("networkx")
    numpy = pytest.importorskip("numpy")
    for name in ganas.Space.names():
        space = ganas.Space(name)
        for arch in space.sample(3):
            graph = arch.to_networkx()
            assert networkx.is_directed_acyclic_graph(graph)
            assert [graph.nodes[v]["op"] for v in graph] == arch.ops
            adjacency, labels = arch.to_numpy()
            assert adjacency.dtype == numpy.uint8 and labels.dtype == numpy.int64
            if not arch.values:  # Nodes of configurations are called by their choices.
                assert [space.labels[i] for i in labels] == arch.ops
            assert sorted(map(tuple, numpy.argwhere(adjacency))) == sorted(arch.edges)
            assert sorted(graph.edges) == sorted(arch.edges)


def test_the_dict_is_what_export_writes(binary):
    arch = ganas.Space("nasbench101").parse("resnet")
    ran = binary("export", "resnet", "--space", "nasbench101", "--to", "json")
    assert json.loads(json.dumps(arch.to_dict())) == json.loads(ran.stdout)
