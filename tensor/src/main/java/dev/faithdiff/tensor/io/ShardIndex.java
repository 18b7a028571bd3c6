package dev.faithdiff.tensor.io;

import static dev.faithdiff.tensor.io.SafeTensorsError.quote;

import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The published {@code *.safetensors.index.json}: which shard holds which tensor. */
final class ShardIndex {
    private static final long LARGEST = 100_000_000;

    private ShardIndex() { }

    /** Shard file name by tensor name, in file order; a shard lies beside its index and nowhere else. */
    static Map<String, String> read(Path index) {
        Map<String, String> shardOf = new LinkedHashMap<>();
        boolean[] found = {false};
        try {
            if (!Files.isRegularFile(index)) {
                throw new SafeTensorsError(index, Files.exists(index) ? "is not a regular file" : "does not exist");
            }
            if (Files.size(index) > LARGEST) throw new SafeTensorsError(index, "is larger than 100 MB");
            try (Reader text = Files.newBufferedReader(index)) {
                StrictJson json = new StrictJson(index, "index", text);
                json.document(key -> {
                    if (!key.equals("weight_map")) {
                        json.skip();
                        return;
                    }
                    found[0] = true;
                    json.object("weight_map", name -> shardOf.put(name, shard(json, name)));
                });
            }
        } catch (IOException e) {
            throw new SafeTensorsError(index, "cannot be read: " + IoReason.of(e), e);
        }
        if (!found[0]) throw new SafeTensorsError(index, "index has no weight_map");
        return shardOf;
    }

    private static String shard(StrictJson json, String name) throws IOException {
        String shard = json.string("the shard of " + quote(name));
        boolean plain = shard.chars().noneMatch(c -> c < ' ' || "/\\:".indexOf(c) >= 0);
        if (!plain || shard.startsWith(".") || !shard.endsWith(".safetensors")) {
            throw json.error("names shard " + quote(shard) + ", which is not the plain name of a .safetensors file");
        }
        return shard;
    }
}
