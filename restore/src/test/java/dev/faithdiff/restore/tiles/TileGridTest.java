package dev.faithdiff.restore.tiles;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tile grids, their weights and merging against stored outputs. */
class TileGridTest {
    @Test void tileGrids() {
        Fixtures f = Fixtures.open("stages/grids.safetensors");
        JsonObject cases = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("grids.safetensors").getAsJsonObject("cases");
        for (String name : cases.keySet()) {
            JsonObject c = cases.getAsJsonObject(name);
            try (Scope _ = Scope.open()) {
                Tensor x = Fixtures.tensor(f, name + ".x");
                TileGrid grid = TileGrid.of(x.size(1), x.size(2), c.getAsJsonArray("kernel").get(0).getAsInt(),
                        c.getAsJsonArray("kernel").get(1).getAsInt(), c.get("overlap").getAsDouble());
                List<List<Integer>> places = grid.tiles().stream().map(t -> List.of(t.row(), t.column())).toList();
                assertThat(places.toString()).as(name).isEqualTo(c.getAsJsonArray("idxes").toString().replace(",", ", "));
                Fixtures.assertClose(name + " weights", floats(grid.weights()), f.floats(name + ".weights"), 1e-6);

                Tensor cuts = Fixtures.tensor(f, name + ".grids"), updated = Fixtures.tensor(f, name + ".updated");
                List<Tensor> parts = new ArrayList<>();
                for (int k = 0; k < grid.tiles().size(); k++) {
                    assertThat(grid.cut(x, grid.tiles().get(k)).toFloats()).isEqualTo(cuts.slice(0, k, k + 1).toFloats());
                    parts.add(updated.slice(0, k, k + 1));
                }
                Fixtures.assertClose(name + " merged", grid.merge(parts), f, name + ".inverse", c.get("suggested_atol_inverse").getAsDouble());
            }
        }
    }

    private static float[] floats(double[] v) {
        float[] f = new float[v.length];
        for (int i = 0; i < v.length; i++) f[i] = (float) v[i];
        return f;
    }
}
