import React, { Component, ReactNode } from 'react';
import { EmptyState, ErrorBanner } from '../components/Messages';

interface IBoundaryProps {
  /** Make what failed anew. */
  onAgain: () => void;
  openAsText: () => void;
  children: ReactNode;
}

/** Says that the editor failed, where the tab would be blank otherwise; the file is as it was. */
export class Boundary extends Component<IBoundaryProps, { error: Error | null }> {
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  state: { error: Error | null } = { error: null };

  render(): ReactNode {
    const { children, onAgain, openAsText } = this.props;
    const { error } = this.state;
    return error ? (
      <EmptyState title="The flow cannot be shown">
        <ErrorBanner error={error} onRetry={onAgain} />
        <button className="jp-studio-Button" onClick={openAsText}>
          Open as text
        </button>
      </EmptyState>
    ) : (
      children
    );
  }
}
