/** Ids of the commands that Studio adds. */
export namespace CommandIDs {
  export const openHome = 'studio:open-home';
  export const openNotebook = 'studio:open-notebook';
  export const openTraining = 'studio:open-training';
  export const createTraining = 'studio:create-training-job';
  export const openEndpoints = 'studio:open-endpoints';
  export const createEndpoint = 'studio:create-endpoint';
}

/** Category of the launcher cards and palette entries. */
export const CATEGORY = 'Studio';

/** Places Studio's launcher section between Notebook (0) and Console (20). */
export const LAUNCHER_RANK = 10;

/** JSON schema of a command's arguments, each an optional string. */
export function describeArgs(properties: Record<string, string> = {}): {
  args: { type: 'object'; properties: Record<string, { type: 'string'; description: string }> };
} {
  const entries = Object.entries(properties).map(([name, description]) => [
    name,
    { type: 'string', description }
  ]);
  return { args: { type: 'object', properties: Object.fromEntries(entries) } };
}
