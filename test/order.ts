/** The order of the files: what takes long and waits for nothing goes first, so that no processor is idle at the end. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const FIRST = ["test/lint.test.ts"];

export default class Order extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const first = ({ moduleId }: TestSpecification): boolean => FIRST.some((name) => moduleId.endsWith(`/${name}`));
    return [...sorted.filter(first), ...sorted.filter((file) => !first(file))];
  }
}
