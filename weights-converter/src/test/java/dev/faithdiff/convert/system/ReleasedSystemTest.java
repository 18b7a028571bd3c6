package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.AdcSrFiles;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.DiffBirFiles;
import dev.faithdiff.convert.names.DreamClearFiles;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.LlavaFiles;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.convert.names.StableSrFiles;
import dev.faithdiff.convert.names.SupirFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.networks.stablesr.FusingConfig;
import dev.faithdiff.networks.stablesr.StructureConfig;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The networks of released systems take exactly the tensors of the released full-size files, which also tell their sizes. */
@Tag("full")
class ReleasedSystemTest {
    private static Map<String, Map<String, Shape>> needed(Published architecture) {
        return ReleasedSystem.ofKind(architecture.kind()).needed(architecture.config("model"), architecture::config);
    }

    @Test void adcSr() {
        JsonObject keys = KeyLists.packed("adcsr/keys_full.json.gz");
        Map<String, Source> networks = ReleasedKeys.tensors(keys.getAsJsonObject("net_params_200.pkl"));
        Map<String, Source> rest = ReleasedKeys.tensors(keys.getAsJsonObject("halfDecoder.ckpt"));
        assertThat(Architecture.of(networks)).isEqualTo(Architecture.ADCSR);
        Map<String, Source> unet = AdcSrFiles.unet(networks), decoder = AdcSrFiles.decoder(networks, rest);
        assertThat(AdcSrFiles.sizes(unet, decoder, false)).isEqualTo(Published.adcsr.config("model").json());
        Map<String, Map<String, Shape>> needed = needed(Published.adcsr);
        assertThat(needed.get("unet")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(unet));
        assertThat(needed.get("decoder")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(decoder));
        Map<String, JsonElement> full = Fixtures.json("adcsr/adcsr.json").getAsJsonObject("full_size").asMap();
        assertThat(count(needed.get("unet"))).isEqualTo(full.get("unet").getAsLong());
        assertThat(count(needed.get("decoder"))).isEqualTo(full.get("decoder_used").getAsLong());
    }

    /** RAM's sizes are also read from the names and shapes of its tensors. */
    @Test void ram() {
        Map<String, Shape> released = KeyLists.of("ram");
        assertThat(needed(Published.ram)).containsOnlyKeys(TaggerFiles.PART).containsValue(released);
        assertThat(RamConfig.of(new NamedShapes(released)).json()).isEqualTo(Published.ram.config(TaggerFiles.PART).json());
        assertThat(count(released)).isEqualTo(Fixtures.json("osediff/osediff.json").getAsJsonObject("full_size").getAsJsonObject("RAM tensors used")
                .get("parameters").getAsLong());
    }

    @Test void seeSr() {
        Map<String, Map<String, Shape>> needed = needed(Published.seesr);
        JsonObject full = Fixtures.json("seesr/seesr.json").getAsJsonObject("full_size");
        for (String part : new String[] {"unet", "controlnet"}) {
            Map<String, Shape> own = needed.get(part.equals("unet") ? part : "control");
            assertThat(own).as(part).containsExactlyInAnyOrderEntriesOf(KeyLists.of(part + "_seesr"));
            assertThat(count(own)).isEqualTo(full.getAsJsonObject(part).get("parameters").getAsLong());
        }
        assertThat(needed.get(TaggerFiles.PART)).isEqualTo(KeyLists.of("ram"));
    }

    /** Both sizes in both layouts; that of transformers has more rows in two tables. */
    @Test void llava() {
        JsonObject keys = KeyLists.packed("llava/full_size_keys.json.gz"), counts = Fixtures.json("llava/parameter_counts.json");
        String tower = "openai/clip-vit-large-patch14-336 (vision part)";
        Map<String, Source> clip = ReleasedKeys.tensors(keys.getAsJsonObject(tower));
        for (Published size : List.of(Published.llava, Published.llava13)) {
            String name = "llava-v1.5-" + (size == Published.llava ? "7b" : "13b"), other = name.replace("-v1", "-1") + "-hf";
            Map<String, Map<String, Shape>> needed = needed(size);
            Map<String, Source> own = ReleasedKeys.tensors(keys.getAsJsonObject("liuhaotian/" + name));
            assertThat(LlavaFiles.hasTower(own)).isFalse();
            assertThat(needed.get("vision")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(LlavaFiles.vision(own, clip)));
            assertThat(needed.get("language")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(LlavaFiles.language(own)));
            assertThat(count(ReleasedKeys.shapes(own))).isEqualTo(counts.get("liuhaotian/" + name).getAsLong());
            Map<String, Source> whole = ReleasedKeys.tensors(keys.getAsJsonObject("llava-hf/" + other));
            assertThat(needed.get("vision")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(LlavaFiles.vision(whole, whole)));
            Map<String, Shape> language = ReleasedKeys.shapes(LlavaFiles.language(whole));
            for (String table : List.of("model.embed_tokens.weight", "lm_head.weight")) {
                language.replace(table, Shape.of(32000, language.get(table).size(1)));
            }
            assertThat(needed.get("language")).containsExactlyInAnyOrderEntriesOf(language);
        }
        assertThat(count(ReleasedKeys.shapes(clip))).isEqualTo(counts.get(tower).getAsLong());
    }

    /** The positions of the network, and of the autoencoder the old names, are not those that are needed. */
    @Test void dreamClear() {
        JsonObject keys = KeyLists.packed("dreamclear/full_size_keys.json.gz"), counts = Fixtures.json("dreamclear/parameter_counts.json");
        Map<String, Map<String, Shape>> needed = needed(Published.dreamclear);
        Map<String, Source> net = ReleasedKeys.tensors(keys.getAsJsonObject("DreamClear-1024.pth"));
        assertThat(needed.get("dit")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(DreamClearFiles.net(net)));
        assertThat(count(ReleasedKeys.shapes(net))).isEqualTo(counts.get("DreamClear-1024.pth").getAsLong());
        assertThat(DreamClearFiles.sizes(net).json()).isEqualTo(Published.dreamclear.config("dit").json());
        Map<String, Source> t5 = ReleasedKeys.tensors(keys.getAsJsonObject("t5-v1_1-xxl (encoder)"));
        assertThat(needed.get("t5")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(DreamClearFiles.t5(t5)));
        assertThat(count(needed.get("t5"))).isEqualTo(counts.get("t5-v1_1-xxl (encoder)").getAsLong());
        Map<String, Source> cleaner = ReleasedKeys.tensors(keys.getAsJsonObject("general_swinir_v1.ckpt"));
        assertThat(needed.get("cleaner")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(DiffBirFiles.swinIr(cleaner)));
        Map<String, Source> vae = OriginalLayout.vae(ReleasedKeys.tensors(keys.getAsJsonObject("sd-vae-ft-ema")));
        assertThat(needed.get("vae")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(vae));
    }

    /** Each released file's tensors are what a version's networks take, but for what a SwinIR computes of its sizes. */
    @Test void diffBir() {
        JsonObject keys = KeyLists.packed("diffbir/keys_full.json.gz"), counts = keys.getAsJsonObject("parameter_counts");
        Map<String, Source> control = released(keys, "DiffBIR_v2.1.pt"), swinIr = released(keys, "realesrgan_s4_swinir_100k.pth");
        assertThat(Architecture.of(control)).isEqualTo(Architecture.IRCONTROLNET);
        assertThat(Architecture.of(swinIr)).isEqualTo(Architecture.SWINIR);
        Map<String, Map<String, Shape>> needed = needed(Published.diffbir);
        assertThat(needed.get("control")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(DiffBirFiles.control(control)));
        assertThat(needed.get("cleaner")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(DiffBirFiles.swinIr(swinIr)));
        assertThat(count(needed.get("control"))).isEqualTo(counts.get("IRControlNet").getAsLong());
        assertThat(count(needed.get("cleaner"))).isEqualTo(counts.get("SwinIR").getAsLong());
        JsonObject sizes = Published.diffbir.config("model").json().getAsJsonObject("cleaner");
        sizes.remove("kind");
        assertThat(DiffBirFiles.sizes(DiffBirFiles.swinIr(swinIr))).isEqualTo(sizes);
        Map<String, Source> bsrNet = Architecture.RRDBNET.generator().modern(released(keys, "BSRNet.pth"));
        JsonObject v2 = new JsonObject(), cleaner = Architecture.RRDBNET.generator().sizes(bsrNet);
        cleaner.addProperty("kind", "rrdbnet");
        v2.add("cleaner", cleaner);
        ReleasedSystem system = ReleasedSystem.ofKind("diffbir");
        Map<String, Shape> own = system.needed(Config.of(Path.of("v2"), v2.toString()), Published.diffbir::config).get("cleaner");
        assertThat(own).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(bsrNet));
        assertThat(count(own)).isEqualTo(counts.get("BSRNet").getAsLong());
    }

    /** The tensors of one of the files that an entry of the list stands for. */
    private static Map<String, Source> released(JsonObject keys, String file) {
        String entry = keys.keySet().stream().filter(k -> List.of(k.split(", ")).contains(file)).findFirst().orElseThrow();
        return ReleasedKeys.tensors(keys.getAsJsonObject(entry));
    }

    /** What PASD adds to the U-Net is in the ControlNet's part; the published convolutions to colours are not needed. */
    @Test void pasd() {
        Map<String, Map<String, Shape>> needed = needed(Published.pasd);
        Map<String, Shape> all = new LinkedHashMap<>(needed.get("unet")), released = new LinkedHashMap<>(KeyLists.of("unet_pasd"));
        all.putAll(needed.get("control").entrySet().stream().filter(e -> e.getKey().contains(".pixel_attentions."))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
        assertThat(all).containsExactlyInAnyOrderEntriesOf(released);
        Map<String, Shape> control = new LinkedHashMap<>(needed.get("control")), steering = new LinkedHashMap<>(KeyLists.of("controlnet_pasd"));
        control.keySet().removeIf(k -> k.contains(".pixel_attentions."));
        steering.keySet().removeIf(k -> k.contains(".to_rgbs."));
        assertThat(control).containsExactlyInAnyOrderEntriesOf(steering);
        JsonObject full = Fixtures.json("pasd/pasd.json").getAsJsonObject("full_size");
        assertThat(count(all)).isEqualTo(full.getAsJsonObject("pasd unet").get("parameters").getAsLong());
        assertThat(count(KeyLists.of("controlnet_pasd"))).isEqualTo(full.getAsJsonObject("pasd controlnet").get("parameters").getAsLong());
    }

    /** Each released file's tensors are what the networks take, but for the last layer of the text encoder, which nobody runs. */
    @Test void stableSr() {
        JsonObject keys = KeyLists.packed("stablesr/keys_full.json.gz"), counts = keys.getAsJsonObject("parameter_counts");
        Map<String, Source> file = released(keys, "stablesr_turbo.ckpt"),
                autoencoder = released(keys, "vqgan_cfw_00011.ckpt (without its loss.* keys)");
        assertThat(Architecture.of(file)).isEqualTo(Architecture.STABLESR);
        assertThat(Architecture.of(autoencoder)).isEqualTo(Architecture.CFW);
        Map<String, Map<String, Source>> parts = OriginalLayout.parts(file);
        Map<String, Source> structure = StableSrFiles.structure(file), spade = StableSrFiles.unet(parts.get("unet"), true);
        Map<String, Map<String, Shape>> needed = needed(Published.stablesr);
        assertThat(needed.get("unet")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(StableSrFiles.unet(parts.get("unet"), false)));
        assertThat(needed.get("spade")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(spade));
        assertThat(needed.get("structure")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(structure));
        assertThat(needed.get("vae")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(parts.get("vae")));
        assertThat(needed.get("text_encoder")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(parts.get("text_encoder")));
        assertThat(needed.get("cfw")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(StableSrFiles.autoencoder(autoencoder)));
        assertThat(count(needed.get("unet")) + count(needed.get("spade"))).isEqualTo(counts.get("unet_with_spade").getAsLong());
        assertThat(count(needed.get("structure"))).isEqualTo(counts.get("structcond").getAsLong());
        assertThat(count(needed.get("cfw"))).isEqualTo(counts.get("cfw_autoencoder").getAsLong());
        for (String part : new String[] {"structure", "spade", "cfw"}) {
            assertThat(needed.get(part)).as(part).isEqualTo(KeyLists.of(part + "_stablesr"));
        }
        assertThat(StructureConfig.of(Views.shapes(structure), Views.shapes(spade), 32).json())
                .isEqualTo(Published.stablesr.config("structure").json());
        assertThat(FusingConfig.of(Views.shapes(StableSrFiles.autoencoder(autoencoder))))
                .isEqualTo(FusingConfig.of(Published.stablesr.config("model")));
    }

    /** SUPIR's own file has the control, the connectors and the encoder, and SDXL's has all else. */
    @Test void supir() {
        JsonObject keys = KeyLists.packed("supir/full_size_keys.json.gz"), counts = Fixtures.json("supir/parameter_counts.json");
        Map<String, Source> own = ReleasedKeys.tensors(keys.getAsJsonObject("SUPIR-v0Q.ckpt / SUPIR-v0F.ckpt"));
        assertThat(Architecture.of(own)).isEqualTo(Architecture.SUPIR);
        Map<String, Source> control = SupirFiles.control(own), encoder = SupirFiles.encoder(own);
        Map<String, Map<String, Shape>> needed = needed(Published.supir);
        assertThat(needed.get("control")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(control));
        assertThat(needed.get("lq_encoder")).containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(encoder));
        assertThat(control.size() + encoder.size()).isEqualTo(own.size());
        assertThat(SupirFiles.connectorWidth(control)).isEqualTo(Published.supir.config("model").integer("connector_width"));
        assertThat(count(needed.get("control"))).isEqualTo(counts.get("control_model").getAsLong() + counts.get("project_modules").getAsLong());
        assertThat(count(needed.get("lq_encoder"))).isEqualTo(counts.get("denoise_encoder").getAsLong());
        assertThat(SupirFiles.base(own).values()).allMatch(Map::isEmpty);
        for (String part : List.of("unet", "vae", "text_encoder", "text_encoder_2")) {
            Map<String, Shape> released = new LinkedHashMap<>(KeyLists.of(part));
            released.keySet().removeIf(KeyNames::ignored);
            assertThat(needed.get(part)).as(part).containsExactlyInAnyOrderEntriesOf(released);
        }
    }

    /** Where both files have a tensor, that of SUPIR's file counts. */
    @Test void supirOverridesItsBase() {
        JsonObject keys = KeyLists.packed("supir/full_size_keys.json.gz");
        Map<String, Source> own = ReleasedKeys.tensors(keys.getAsJsonObject("SUPIR-v0Q.ckpt / SUPIR-v0F.ckpt"));
        String unet = "model.diffusion_model.out.2.weight", vae = "first_stage_model.encoder.mid.block_1.norm1.weight";
        Source any = own.values().iterator().next();
        own.put(unet, any);
        own.put(vae, any);
        assertThat(SupirFiles.base(own).get("unet")).containsOnlyKeys("conv_out.weight");
        assertThat(SupirFiles.base(own).get("vae")).containsOnlyKeys("encoder.mid_block.resnets.0.norm1.weight");
        assertThat(Architecture.of(own)).isEqualTo(Architecture.SUPIR);
    }

    @Test void supirIsKnownByItsName(@TempDir Path dir) throws IOException {
        ReleasedSystem system = ReleasedSystem.ofKind("supir");
        for (String name : List.of("SUPIR-v0Q.ckpt", "SUPIR-v0F_fp16.safetensors", "v0Q.ckpt")) {
            Path file = Files.createFile(dir.resolve(name));
            assertThat(system.is(new Release(file, null, null, null))).as(name).isTrue();
        }
        assertThat(system.is(new Release(Files.createFile(dir.resolve("v2.pth")), null, null, null))).isFalse();
        assertThatThrownBy(() -> system.converter(new Release(dir, null, null, null), Precision.KEEP))
                .hasMessageContaining("holds more than one SUPIR");
    }

    private static long count(Map<String, Shape> shapes) { return shapes.values().stream().mapToLong(Shape::count).sum(); }
}
